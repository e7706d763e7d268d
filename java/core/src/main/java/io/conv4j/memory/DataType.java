package io.conv4j.memory;

/** What an element of a tensor is. Whatever the type, Java reads and writes elements as {@code float}s. */
public enum DataType {
    /** IEEE 754 single precision. */
    F32(4),

    /**
     * bfloat16, the upper half of a {@link #F32}: its range at 8 bits of precision. A {@code float} becomes the nearest
     * one, of two equally near ones that whose last bit is 0; from 2^128 - 2^119 on that is infinity. NaN stays NaN. Back
     * to {@code float} every value is exact.
     */
    BF16(2);

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
