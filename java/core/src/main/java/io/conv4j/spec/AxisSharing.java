package io.conv4j.spec;

/**
 * Which kernel each output position of one axis uses. The only thing that sets standard, tiled and locally connected
 * convolution apart:
 *
 * <table class="striped">
 * <caption>The kernel index of output position x = 0, 1, ...</caption>
 * <thead><tr><th>kind</th><th>kernel index</th><th>kernels on the axis</th></tr></thead>
 * <tbody>
 * <tr><td>{@link Kind#SHARED}</td><td>0</td><td>1</td></tr>
 * <tr><td>{@link Kind#TILED}</td><td>x mod size</td><td>size</td></tr>
 * <tr><td>{@link Kind#LOCAL}</td><td>x</td><td>output size</td></tr>
 * <tr><td>{@link Kind#BLOCKS}</td><td>x div size</td><td>ceil(output size / size)</td></tr>
 * </tbody>
 * </table>
 *
 * @param kind the rule
 * @param size the period of {@link Kind#TILED} or the length of a block of {@link Kind#BLOCKS} in output positions; 1
 *     for the others
 */
public record AxisSharing(Kind kind, long size) {
    /** The rules by which output positions share kernels. */
    public enum Kind {
        /** All positions use one kernel: standard convolution (9.7). */
        SHARED,
        /** Kernels cycle (9.10). */
        TILED,
        /** Every position has a kernel of its own (9.9). */
        LOCAL,
        /** Neighbouring positions share a kernel, block by block. */
        BLOCKS
    }

    /**
     * The rule with this size.
     *
     * @param kind the rule
     * @param size its size
     * @throws NullPointerException if {@code kind} is null
     * @throws IllegalArgumentException if {@code size} is below 1, or not 1 where the kind takes none
     */
    public AxisSharing {
        if (kind == null) {
            throw new NullPointerException("kind");
        }
        boolean sized = kind == Kind.TILED || kind == Kind.BLOCKS;
        if (size < 1 || (!sized && size != 1)) {
            throw new IllegalArgumentException(
                    "size: expected " + (sized ? "at least 1" : "1") + " for " + kind + " but got " + size);
        }
    }

    /**
     * All positions use one kernel.
     *
     * @return {@link Kind#SHARED}
     */
    public static AxisSharing shared() {
        return new AxisSharing(Kind.SHARED, 1);
    }

    /**
     * Kernels cycle.
     *
     * @param period how many there are
     * @return {@link Kind#TILED} of that size
     * @throws IllegalArgumentException if {@code period} is below 1
     */
    public static AxisSharing tiled(long period) {
        return new AxisSharing(Kind.TILED, period);
    }

    /**
     * Every position has a kernel of its own.
     *
     * @return {@link Kind#LOCAL}
     */
    public static AxisSharing local() {
        return new AxisSharing(Kind.LOCAL, 1);
    }

    /**
     * Neighbouring positions share a kernel.
     *
     * @param size how many do
     * @return {@link Kind#BLOCKS} of that size
     * @throws IllegalArgumentException if {@code size} is below 1
     */
    public static AxisSharing blocks(long size) {
        return new AxisSharing(Kind.BLOCKS, size);
    }

    /**
     * How many kernels the axis has.
     *
     * @param outputSize the axis's output size in positions, at least 1
     * @return the number of kernels
     * @throws IllegalArgumentException if {@code outputSize} is below 1
     */
    public long kernels(long outputSize) {
        if (outputSize < 1) {
            throw new IllegalArgumentException("outputSize: expected at least 1 but got " + outputSize);
        }
        return switch (kind) {
            case SHARED -> 1;
            case TILED -> size;
            case LOCAL -> outputSize;
            case BLOCKS -> (outputSize - 1) / size + 1;
        };
    }

    /**
     * The kernel that an output position uses.
     *
     * @param position the output position, from 0
     * @return the kernel's index, from 0
     * @throws IllegalArgumentException if {@code position} is below 0
     */
    public long kernelIndex(long position) {
        if (position < 0) {
            throw new IllegalArgumentException("position: expected at least 0 but got " + position);
        }
        return switch (kind) {
            case SHARED -> 0;
            case TILED -> position % size;
            case LOCAL -> position;
            case BLOCKS -> position / size;
        };
    }
}
