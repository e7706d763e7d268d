package io.conv4j.internal.binding;

/** A range of native memory: allocated here and freed when its owner is done with it, or somebody else's. */
public final class NativeMemory {
    private final long address;
    private final long sizeBytes;
    private final NativeResource resource;

    private NativeMemory(long address, long sizeBytes, NativeResource resource) {
        this.address = address;
        this.sizeBytes = sizeBytes;
        this.resource = resource;
    }

    /**
     * Allocates zeros, aligned to 64 bytes.
     *
     * @param owner the object whose unreachability frees the memory, if {@link #close()} does not
     * @throws OutOfMemoryError if there is not that much
     */
    public static NativeMemory allocate(Object owner, long sizeBytes) {
        NativeLoader.ensureLoaded();
        long[] address = new long[1];
        Status.check(NativeLibrary.c4j_memory_allocate(sizeBytes, address));
        return new NativeMemory(address[0], sizeBytes, new NativeResource(owner, new Free(address[0], sizeBytes)));
    }

    /** Memory that lives as long as {@code keeper} is reachable. */
    public static NativeMemory of(Object owner, long address, long sizeBytes, Object keeper) {
        return new NativeMemory(address, sizeBytes, new NativeResource(owner, new Keep(keeper)));
    }

    public long address() {
        return address;
    }

    public long sizeBytes() {
        return sizeBytes;
    }

    public NativeResource resource() {
        return resource;
    }

    /** Whether the two ranges share a byte. */
    public boolean overlaps(NativeMemory other) {
        return address < other.address + other.sizeBytes && other.address < address + sizeBytes;
    }

    public void close() {
        resource.close();
    }

    private record Free(long address, long sizeBytes) implements Runnable {
        @Override
        public void run() {
            NativeLibrary.c4j_memory_free(address, sizeBytes);
        }
    }

    private record Keep(Object keeper) implements Runnable {
        @Override
        public void run() {}
    }
}
