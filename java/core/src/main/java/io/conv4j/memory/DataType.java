package io.conv4j.memory;

/** What an element of a tensor is. More types come with the operations that use them. */
public enum DataType {
    /** IEEE 754 single precision. */
    F32(4);

    private final int sizeBytes;

    DataType(int sizeBytes) {
        this.sizeBytes = sizeBytes;
    }

    /**
     * Size of one element.
     *
     * @return its size in bytes
     */
    public int sizeBytes() {
        return sizeBytes;
    }
}
