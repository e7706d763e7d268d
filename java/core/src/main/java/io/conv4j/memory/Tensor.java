package io.conv4j.memory;

import io.conv4j.internal.binding.NativeLibrary;
import io.conv4j.internal.binding.NativeLoader;
import io.conv4j.internal.binding.NativeMemory;
import io.conv4j.internal.binding.NativeResource;
import io.conv4j.internal.binding.Status;
import io.conv4j.spec.Shape;
import java.nio.Buffer;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.util.Objects;

/**
 * Numbers off the Java heap: a logical shape, and a layout that says where the elements lie and of what type they are.
 * Arrays of {@code float} and tensors of another type are converted as they are copied, as {@link DataType} says.
 *
 * <p>A tensor owns its memory, aligned to 64 bytes, until {@link #close()}; one that was forgotten is freed when it has
 * become unreachable. {@code close()} returns at once; memory that a running call uses goes when that call ends.
 *
 * <p>A {@linkplain #view(FloatBuffer, Shape) view} shares a caller's direct buffer instead and keeps it reachable. If that
 * is one of an {@code Arena}, every use after the arena is closed, and in threads to which it is not open, throws an
 * {@link IllegalStateException}. To close it in one thread while a call in another one uses the view is as wrong as to
 * write there. What else may take a buffer's memory away, the pointer that it comes from or whoever cuts a mapped file, must
 * leave it while the view is used.
 *
 * <p>A tensor may be read by any number of threads at once; whoever lets one thread write while another reads or writes
 * must order them.
 */
public final class Tensor implements AutoCloseable {
    /** What one copy to or from an array moves while the garbage collector waits. */
    private static final long COPY_BYTES = 4 << 20;

    private final Shape shape;
    private final Layout layout;
    private final NativeMemory memory;

    private Tensor(Shape shape, Layout layout) {
        this.shape = shape;
        this.layout = layout;
        this.memory = NativeMemory.allocate(this, layout.sizeBytes(shape));
    }

    private Tensor(Buffer buffer, long offsetBytes, long remainingBytes, Shape shape, Layout layout) {
        check(shape, layout);
        this.shape = shape;
        this.layout = layout;
        long sizeBytes = layout.sizeBytes(shape);
        if (remainingBytes < sizeBytes) {
            throw new IllegalArgumentException("buffer: expected at least " + sizeBytes + " bytes remaining for shape "
                    + shape + " but got " + remainingBytes);
        }
        NativeLoader.ensureLoaded();
        long address = NativeLibrary.c4j_memory_address(buffer) + offsetBytes;
        int elementBytes = layout.dataType().sizeBytes();
        if (address % elementBytes != 0) {
            throw new IllegalArgumentException("buffer: expected a position aligned to " + elementBytes
                    + " bytes but got address 0x" + Long.toHexString(address));
        }
        this.memory = NativeMemory.of(this, address, sizeBytes, buffer);
        memory.checkOpen("buffer");
    }

    private static void check(Shape shape, Layout layout) {
        Objects.requireNonNull(shape, "shape");
        check(shape, "layout", layout);
    }

    private static void check(Shape shape, String name, Layout layout) {
        Objects.requireNonNull(layout, name);
        if (!layout.fits(shape)) {
            throw new IllegalArgumentException(
                    name + ": expected one that fits shape " + shape + " but " + layout + " does not");
        }
    }

    /**
     * A tensor of zeros in logical order.
     *
     * @param shape its shape; a size may be 0
     * @return a new tensor, which the caller closes
     * @throws NullPointerException if {@code shape} is null
     * @throws IllegalArgumentException if it takes more than 2^63 - 1 bytes
     * @throws OutOfMemoryError if there is not that much native memory
     * @throws UnsatisfiedLinkError if the native library cannot be loaded
     */
    public static Tensor zeros(Shape shape) {
        return zeros(shape, Layout.CHANNELS_FIRST);
    }

    /**
     * A tensor of zeros.
     *
     * @param shape its shape; a size may be 0
     * @param layout where its elements lie
     * @return a new tensor, which the caller closes
     * @throws NullPointerException if an argument is null
     * @throws IllegalArgumentException if the layout does not {@linkplain Layout#fits fit} the shape, or the tensor takes
     *     more than 2^63 - 1 bytes
     * @throws OutOfMemoryError if there is not that much native memory
     * @throws UnsatisfiedLinkError if the native library cannot be loaded
     */
    public static Tensor zeros(Shape shape, Layout layout) {
        check(shape, layout);
        return new Tensor(shape, layout);
    }

    /**
     * A copy of an array.
     *
     * @param values the elements in logical order
     * @param shape as many elements
     * @return a new tensor in logical order, which the caller closes
     * @throws NullPointerException if an argument is null
     * @throws IllegalArgumentException if the shape has another number of elements
     * @throws OutOfMemoryError if there is not that much native memory
     * @throws UnsatisfiedLinkError if the native library cannot be loaded
     */
    public static Tensor of(float[] values, Shape shape) {
        return of(values, shape, Layout.CHANNELS_FIRST);
    }

    /**
     * A copy of an array in some layout.
     *
     * @param values the elements in logical order, whatever the layout
     * @param shape as many elements
     * @param layout where the tensor's elements lie
     * @return a new tensor, which the caller closes
     * @throws NullPointerException if an argument is null
     * @throws IllegalArgumentException if the shape has another number of elements, or the layout is one of packed
     *     weights of another shape
     * @throws OutOfMemoryError if there is not that much native memory
     * @throws UnsatisfiedLinkError if the native library cannot be loaded
     */
    public static Tensor of(float[] values, Shape shape, Layout layout) {
        Objects.requireNonNull(values, "values");
        check(shape, layout);
        checkLength("values", values, shape);
        Tensor tensor = new Tensor(shape, layout);
        try {
            tensor.copyFrom(values);
            return tensor;
        } catch (Throwable e) {
            tensor.close();
            throw e;
        }
    }

    /**
     * A view of a direct buffer from its position on, in logical order: the two share memory.
     *
     * @param buffer direct, writable, in native byte order, with at least the shape's elements remaining
     * @param shape the view's shape
     * @return a new tensor; closing it leaves the buffer as it is
     * @throws NullPointerException if an argument is null
     * @throws IllegalArgumentException if the buffer is none of the above
     * @throws IllegalStateException if its arena is closed, or not open to this thread
     * @throws UnsatisfiedLinkError if the native library cannot be loaded
     */
    public static Tensor view(FloatBuffer buffer, Shape shape) {
        return view(buffer, shape, Layout.CHANNELS_FIRST);
    }

    /**
     * A view of a direct buffer from its position on: the two share memory. Padding lanes of an opaque layout must hold
     * zeros, or results are wrong: begin with a buffer of zeros, or with a copy {@linkplain #copyTo(Tensor) to the view}.
     *
     * @param buffer direct, writable, in native byte order, with at least the layout's bytes remaining
     * @param shape the view's shape
     * @param layout where the elements lie
     * @return a new tensor; closing it leaves the buffer as it is
     * @throws NullPointerException if an argument is null
     * @throws IllegalArgumentException if the buffer is none of the above, or the layout is one of packed weights of
     *     another shape, or of another type than {@link DataType#F32}
     * @throws IllegalStateException if its arena is closed, or not open to this thread
     * @throws UnsatisfiedLinkError if the native library cannot be loaded
     */
    public static Tensor view(FloatBuffer buffer, Shape shape, Layout layout) {
        Objects.requireNonNull(buffer, "buffer");
        checkBuffer(buffer, buffer.order());
        check(shape, layout);
        if (layout.dataType() != DataType.F32) {
            throw new IllegalArgumentException(
                    "layout: expected one of F32 for a FloatBuffer but got " + layout + " of " + layout.dataType());
        }
        int elementBytes = DataType.F32.sizeBytes();
        return new Tensor(
                buffer.duplicate().clear(),
                (long) buffer.position() * elementBytes,
                (long) buffer.remaining() * elementBytes,
                shape,
                layout);
    }

    /**
     * A view of a direct buffer from its position on, in logical order: the two share memory.
     *
     * @param buffer direct, writable, in native byte order (a new one is big-endian: see {@link
     *     ByteBuffer#order(ByteOrder)}), its position aligned to 4 bytes, with at least the shape's bytes remaining
     * @param shape the view's shape
     * @return a new tensor; closing it leaves the buffer as it is
     * @throws NullPointerException if an argument is null
     * @throws IllegalArgumentException if the buffer is none of the above
     * @throws IllegalStateException if its arena is closed, or not open to this thread
     * @throws UnsatisfiedLinkError if the native library cannot be loaded
     */
    public static Tensor view(ByteBuffer buffer, Shape shape) {
        return view(buffer, shape, Layout.CHANNELS_FIRST);
    }

    /**
     * A view of a direct buffer from its position on: the two share memory. Padding lanes of an opaque layout must hold
     * zeros, or results are wrong: begin with a buffer of zeros, or with a copy {@linkplain #copyTo(Tensor) to the view}.
     *
     * @param buffer direct, writable, in native byte order, its position aligned to the size of an element, with at least
     *     the layout's bytes remaining
     * @param shape the view's shape
     * @param layout where the elements lie
     * @return a new tensor; closing it leaves the buffer as it is
     * @throws NullPointerException if an argument is null
     * @throws IllegalArgumentException if the buffer is none of the above, or the layout is one of packed weights of
     *     another shape
     * @throws IllegalStateException if its arena is closed, or not open to this thread
     * @throws UnsatisfiedLinkError if the native library cannot be loaded
     */
    public static Tensor view(ByteBuffer buffer, Shape shape, Layout layout) {
        Objects.requireNonNull(buffer, "buffer");
        checkBuffer(buffer, buffer.order());
        return new Tensor(buffer.duplicate().clear(), buffer.position(), buffer.remaining(), shape, layout);
    }

    private static void checkBuffer(Buffer buffer, ByteOrder order) {
        String fault = !buffer.isDirect()
                ? "on the heap"
                : buffer.isReadOnly() ? "read-only" : order != ByteOrder.nativeOrder() ? order.toString() : null;
        if (fault != null) {
            throw new IllegalArgumentException("buffer: expected a direct, writable buffer in native byte order ("
                    + ByteOrder.nativeOrder() + ") but got one that is " + fault);
        }
    }

    private static void checkLength(String name, float[] values, Shape shape) {
        if (values.length != shape.elements()) {
            throw new IllegalArgumentException(name + ": expected " + shape.elements() + " elements for shape " + shape
                    + " but got " + values.length);
        }
    }

    /**
     * Bytes of native memory of tensors that own theirs, and of the workspaces of plans; not of the tables of plans, nor of
     * what oneDNN keeps.
     *
     * @return the sum in bytes
     * @throws UnsatisfiedLinkError if the native library cannot be loaded
     */
    public static long liveBytes() {
        NativeLoader.ensureLoaded();
        return NativeLibrary.c4j_memory_live_bytes();
    }

    /**
     * The logical shape.
     *
     * @return the shape
     */
    public Shape shape() {
        return shape;
    }

    /**
     * The layout.
     *
     * @return where the elements lie
     */
    public Layout layout() {
        return layout;
    }

    /**
     * The type of the elements.
     *
     * @return that of the layout
     */
    public DataType dataType() {
        return layout.dataType();
    }

    /**
     * Size of the memory.
     *
     * @return its size in bytes, padding lanes of an opaque layout included
     */
    public long sizeBytes() {
        return memory.sizeBytes();
    }

    NativeMemory memory() {
        return memory;
    }

    /**
     * All elements in logical order, whatever the layout.
     *
     * @return a new array
     * @throws IllegalStateException if the tensor is closed, or has more elements than an array can hold
     * @throws OutOfMemoryError if there is no room for the array, or, in another layout than {@link
     *     Layout#CHANNELS_FIRST}, for a native copy
     */
    public float[] toFloatArray() {
        if (shape.elements() > Integer.MAX_VALUE - 8) {
            throw new IllegalStateException("tensor: expected at most " + (Integer.MAX_VALUE - 8)
                    + " elements, which an array can hold, but shape is " + shape);
        }
        memory.checkOpen("tensor"); // so that a closed one costs no array
        float[] values = new float[(int) shape.elements()];
        copyTo(values);
        return values;
    }

    /**
     * Copies all elements to an array.
     *
     * @param values as many elements, written in logical order whatever the layout
     * @throws NullPointerException if {@code values} is null
     * @throws IllegalArgumentException if it has another length
     * @throws IllegalStateException if the tensor is closed
     * @throws OutOfMemoryError if there is no native memory for a copy, which layouts other than {@link
     *     Layout#CHANNELS_FIRST} take
     */
    public void copyTo(float[] values) {
        Objects.requireNonNull(values, "values");
        checkLength("values", values, shape);
        if (layout.equals(Layout.CHANNELS_FIRST)) {
            inPieces((offset, size) -> NativeLibrary.copyToArray(values, offset, memory.address(), offset, size));
        } else {
            try (Tensor logical = to(Layout.CHANNELS_FIRST)) {
                logical.copyTo(values);
            }
        }
    }

    /**
     * Copies all elements from an array.
     *
     * @param values as many elements in logical order, whatever the layout
     * @throws NullPointerException if {@code values} is null
     * @throws IllegalArgumentException if it has another length
     * @throws IllegalStateException if the tensor is closed
     * @throws OutOfMemoryError if there is no native memory for a copy, which layouts other than {@link
     *     Layout#CHANNELS_FIRST} take
     */
    public void copyFrom(float[] values) {
        Objects.requireNonNull(values, "values");
        checkLength("values", values, shape);
        if (layout.equals(Layout.CHANNELS_FIRST)) {
            inPieces((offset, size) -> NativeLibrary.copyFromArray(memory.address(), offset, values, offset, size));
        } else {
            memory.checkOpen("tensor"); // so that a closed one costs no copy
            try (Tensor logical = of(values, shape)) {
                logical.copyTo(this);
            }
        }
    }

    /**
     * Copies all elements to a tensor of the same shape and any layout.
     *
     * @param destination where they go; padding lanes of its layout become zero
     * @throws NullPointerException if {@code destination} is null
     * @throws IllegalArgumentException if its shape is another, or it shares memory with this one
     * @throws IllegalStateException if one of the two is closed
     */
    public void copyTo(Tensor destination) {
        Objects.requireNonNull(destination, "destination");
        if (!destination.shape.equals(shape)) {
            throw new IllegalArgumentException(
                    "destination: expected shape " + shape + " but got " + destination.shape);
        }
        if (memory.overlaps(destination.memory)) {
            throw new IllegalArgumentException("destination: expected memory apart from this tensor's");
        }
        acquire("tensor");
        try {
            destination.acquire("destination");
            try {
                Status.check(NativeLibrary.c4j_reorder(
                        shape.toArray(),
                        shape.rank(),
                        memory.address(),
                        memory.sizeBytes(),
                        layout.id(),
                        destination.memory.address(),
                        destination.memory.sizeBytes(),
                        destination.layout.id(),
                        1));
            } finally {
                destination.memory.release();
            }
        } finally {
            memory.release();
        }
    }

    /**
     * A copy in another layout.
     *
     * @param newLayout where the copy's elements lie, and of what type they are
     * @return a new tensor, which the caller closes
     * @throws NullPointerException if {@code newLayout} is null
     * @throws IllegalArgumentException if it does not {@linkplain Layout#fits fit} the shape, or with its padding lanes the copy
     *     takes more than 2^63 - 1 bytes
     * @throws IllegalStateException if the tensor is closed
     * @throws OutOfMemoryError if there is not that much native memory
     */
    public Tensor to(Layout newLayout) {
        check(shape, "newLayout", newLayout);
        memory.checkOpen("tensor");
        Tensor copy = zeros(shape, newLayout);
        try {
            copyTo(copy);
            return copy;
        } catch (Throwable e) {
            copy.close();
            throw e;
        }
    }

    private interface Copy {
        int copy(long offsetBytes, long sizeBytes);
    }

    private void inPieces(Copy copy) {
        acquire("tensor");
        try {
            for (long offset = 0; offset < sizeBytes(); offset += COPY_BYTES) {
                Status.check(copy.copy(offset, Math.min(COPY_BYTES, sizeBytes() - offset)));
            }
        } finally {
            memory.release();
        }
    }

    private void acquire(String name) {
        NativeResource.probeStack();
        memory.checkOpen(name);
        memory.acquire(name);
    }

    /**
     * Whether {@link #close()} was called.
     *
     * @return whether the tensor can no longer be used
     */
    public boolean isClosed() {
        return memory.isClosed();
    }

    /** Frees the memory, once running calls that use it have ended. Closing again does nothing. */
    @Override
    public void close() {
        memory.close();
    }

    /** Shape, type and layout. */
    @Override
    public String toString() {
        return "Tensor " + shape + " " + dataType() + " " + layout + (isClosed() ? " (closed)" : "");
    }
}
