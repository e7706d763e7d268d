package io.conv4j.memory;

import io.conv4j.internal.binding.Access;
import io.conv4j.internal.binding.NativeLibrary;
import io.conv4j.internal.binding.NativeLoader;
import io.conv4j.internal.binding.NativeMemory;
import io.conv4j.internal.binding.Status;
import io.conv4j.spec.Orientation;
import io.conv4j.spec.Shape;
import java.util.Objects;

/**
 * Where the elements of a tensor lie, and of what type they are. A value: equal layouts place the elements of one shape
 * alike, and those of different types are not equal.
 *
 * <p>Two layouts, of {@link DataType#F32}, are known to everyone. Others are opaque and issued by plans, which compute
 * fastest in them; only a copy to another layout reads them as numbers, and their bytes may exceed the shape's product:
 * they may have padding lanes, which hold zeros. An opaque layout of weights belongs to one shape and one orientation of
 * the kernel.
 */
public final class Layout {
    /** Logical order, the last dimension contiguous: {@code [N][C][H][W]}. */
    public static final Layout CHANNELS_FIRST = new Layout(0, "channels_first", DataType.F32, null, null);

    /** Dimension 1 moved to the end: {@code [N][H][W][C]}. */
    public static final Layout CHANNELS_LAST = new Layout(1, "channels_last", DataType.F32, null, null);

    static {
        Access.install(new Bridge());
    }

    private final long id;
    private final String name;
    private final DataType dataType;
    private final Shape weightsShape;
    private final Orientation orientation;

    private Layout(long id, String name, DataType dataType, Shape weightsShape, Orientation orientation) {
        this.id = id;
        this.name = name;
        this.dataType = dataType;
        this.weightsShape = weightsShape;
        this.orientation = orientation;
    }

    long id() {
        return id;
    }

    /**
     * Whether only a plan can say where the elements lie.
     *
     * @return whether the layout is neither {@link #CHANNELS_FIRST} nor {@link #CHANNELS_LAST}
     */
    public boolean isOpaque() {
        return id > 1;
    }

    /**
     * The type of the elements.
     *
     * @return {@link DataType#F32} but for weights that a plan packs in another type ({@link
     *     io.conv4j.plan.PlanOptions#weightsType()})
     */
    public DataType dataType() {
        return dataType;
    }

    /**
     * Whether a tensor of this shape can have this layout.
     *
     * @param shape a logical shape
     * @return false for packed weights of another shape, and for blocked activations of less than three dimensions
     * @throws NullPointerException if {@code shape} is null
     */
    public boolean fits(Shape shape) {
        Objects.requireNonNull(shape, "shape");
        return weightsShape == null ? !isOpaque() || shape.rank() >= 3 : weightsShape.equals(shape);
    }

    /**
     * The memory that a tensor takes, such as a buffer needs for {@link Tensor#view}.
     *
     * @param shape a logical shape that {@linkplain #fits fits}
     * @return the size in bytes, padding lanes included
     * @throws NullPointerException if {@code shape} is null
     * @throws IllegalArgumentException if {@code shape} does not fit, or the size is beyond 2^63 - 1
     */
    public long sizeBytes(Shape shape) {
        if (!fits(shape)) {
            throw new IllegalArgumentException("shape: expected one that fits " + this + " but got " + shape);
        }
        try {
            if (!isOpaque()) {
                return Math.multiplyExact(shape.elements(), (long) dataType.sizeBytes());
            }
            NativeLoader.ensureLoaded();
            long[] sizeBytes = new long[1];
            Status.check(NativeLibrary.c4j_layout_size_bytes(id, shape.toArray(), shape.rank(), sizeBytes));
            return sizeBytes[0];
        } catch (ArithmeticException | IllegalArgumentException e) {
            throw new IllegalArgumentException("shape: expected at most 2^63 - 1 bytes but got " + shape, e);
        }
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof Layout layout
                && id == layout.id
                && Objects.equals(weightsShape, layout.weightsShape)
                && orientation == layout.orientation;
    }

    @Override
    public int hashCode() {
        return Objects.hash(id, weightsShape, orientation);
    }

    /** Its name, such as {@code channels_last}. */
    @Override
    public String toString() {
        return name;
    }

    private static Layout opaque(long id, Shape weightsShape, Orientation orientation) {
        DataType dataType = DataType.values()[NativeLibrary.c4j_layout_type(id)];
        return new Layout(id, NativeLibrary.c4j_layout_name(id), dataType, weightsShape, orientation);
    }

    private static final class Bridge extends Access {
        @Override
        public NativeMemory memory(Object tensor) {
            return ((Tensor) tensor).memory();
        }

        @Override
        public long layoutId(Object layout) {
            return ((Layout) layout).id;
        }

        @Override
        public Object orientation(Object layout) {
            return ((Layout) layout).orientation;
        }

        @Override
        public Object layout(long id) {
            return switch ((int) id) {
                case 0 -> CHANNELS_FIRST;
                case 1 -> CHANNELS_LAST;
                default -> opaque(id, null, null);
            };
        }

        @Override
        public Object weightsLayout(long id, Object shape, Object orientation) {
            return id <= 1 ? layout(id) : opaque(id, (Shape) shape, (Orientation) orientation);
        }
    }
}
