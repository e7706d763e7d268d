package io.conv4j.internal.binding;

import java.nio.Buffer;
import java.nio.ByteBuffer;
import java.nio.FloatBuffer;

/** A range of native memory: allocated here and freed when its owner is done with it, or somebody else's. */
public final class NativeMemory {
    private final long address;
    private final long sizeBytes;
    private final NativeResource resource;
    private final Buffer buffer; // whose memory it is, and which this keeps reachable; null: its own

    private NativeMemory(Object owner, long sizeBytes) {
        this.sizeBytes = sizeBytes;
        this.resource = new NativeResource(owner, allocated -> NativeLibrary.c4j_memory_free(allocated, sizeBytes));
        this.buffer = null;
        this.address = resource.create(allocated -> NativeLibrary.c4j_memory_allocate(sizeBytes, allocated));
    }

    private NativeMemory(Object owner, long address, long sizeBytes, Buffer buffer) {
        this.address = address;
        this.sizeBytes = sizeBytes;
        this.resource = new NativeResource(owner, nothing -> {});
        this.buffer = buffer;
    }

    /**
     * Allocates zeros, aligned to 64 bytes.
     *
     * @param owner the object whose unreachability frees the memory, if {@link #close()} does not
     * @throws OutOfMemoryError if there is not that much
     */
    public static NativeMemory allocate(Object owner, long sizeBytes) {
        NativeLoader.ensureLoaded();
        Garbage.beforeAllocating();
        return new NativeMemory(owner, sizeBytes);
    }

    /**
     * Memory of a direct buffer, which is kept reachable.
     *
     * @param buffer one of bytes or floats, with its limit at its capacity
     */
    public static NativeMemory of(Object owner, long address, long sizeBytes, Buffer buffer) {
        return new NativeMemory(owner, address, sizeBytes, buffer);
    }

    public long address() {
        return address;
    }

    public long sizeBytes() {
        return sizeBytes;
    }

    /**
     * Begins a use, which {@link #release()} ends.
     *
     * @param name what the caller calls it
     * @throws IllegalStateException if it is closed
     */
    public void acquire(String name) {
        resource.acquire(name);
    }

    /** Ends a use. */
    public void release() {
        resource.release();
    }

    /**
     * Checks that this thread may use it.
     *
     * @param name what the caller calls it
     * @throws IllegalStateException if it is closed, or a buffer's that this thread may not read
     */
    public void checkOpen(String name) {
        resource.checkOpen(name);
        if (buffer == null || buffer.capacity() == 0) {
            return;
        }
        // Native code that met freed memory would end the JVM; the JDK checks that the arena that a buffer may be of is
        // open, and open to this thread, when an element is read.
        try {
            if (buffer instanceof FloatBuffer floats) {
                floats.get(0);
            } else {
                ((ByteBuffer) buffer).get(0);
            }
        } catch (RuntimeException e) {
            throw new IllegalStateException(
                    name + ": expected a buffer that this thread may read but: " + e.getMessage(), e);
        }
    }

    public boolean isClosed() {
        return resource.isClosed();
    }

    /** Whether the two ranges share a byte. */
    public boolean overlaps(NativeMemory other) {
        return Math.max(address, other.address) < Math.min(address + sizeBytes, other.address + other.sizeBytes);
    }

    public void close() {
        resource.close();
    }
}
