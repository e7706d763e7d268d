package io.conv4j.spec;

import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;

/**
 * Which output positions share a kernel: one {@link AxisSharing} for all axes, or one per axis. Immutable.
 *
 * <p>Weights hold the kernels in logical order {@code [oc, kernels per axis..., ic / g, kernel size per axis...]}; only a
 * convolution that is shared on every axis has no kernel dimensions.
 */
public final class Sharing {
    private static final Sharing SHARED = new Sharing(List.of(AxisSharing.shared()));
    private static final Sharing LOCAL = new Sharing(List.of(AxisSharing.local()));

    private final List<AxisSharing> axes;

    private Sharing(List<AxisSharing> axes) {
        this.axes = axes;
    }

    /**
     * Standard convolution: one kernel for all positions (the chapter's 9.7).
     *
     * @return the sharing
     */
    public static Sharing shared() {
        return SHARED;
    }

    /**
     * A locally connected layer: a kernel of its own for every output position (9.9).
     *
     * @return the sharing
     */
    public static Sharing local() {
        return LOCAL;
    }

    /**
     * Tiled convolution: output position x uses kernel x mod t (9.10, which counts from 1 and so starts with kernel (1
     * mod t) + 1; this library counts from 0 and starts with kernel 0). A period above the output size keeps its unused
     * kernels, whose gradient is 0.
     *
     * @param periods t: one for all axes, or one per axis in the order depth, height, width; each at least 1
     * @return the sharing
     * @throws NullPointerException if {@code periods} is null
     * @throws IllegalArgumentException if there are not 1 to 3 periods, or one is below 1
     */
    public static Sharing tiled(long... periods) {
        return sized("periods", AxisSharing.Kind.TILED, periods);
    }

    /**
     * Neighbouring output positions share a kernel: position x uses kernel x div b.
     *
     * @param sizes b, the length of a block in output positions: one for all axes, or one per axis; each at least 1
     * @return the sharing
     * @throws NullPointerException if {@code sizes} is null
     * @throws IllegalArgumentException if there are not 1 to 3 sizes, or one is below 1
     */
    public static Sharing blocks(long... sizes) {
        return sized("sizes", AxisSharing.Kind.BLOCKS, sizes);
    }

    /**
     * A rule of its own for each axis, for instance local in height and shared in width.
     *
     * @param axes the rule of each axis in the order depth, height, width
     * @return the sharing
     * @throws NullPointerException if {@code axes} or one of them is null
     * @throws IllegalArgumentException if there are not 1 to 3 axes
     */
    public static Sharing perAxis(AxisSharing... axes) {
        if (axes == null) {
            throw new NullPointerException("axes");
        }
        if (axes.length < 1 || axes.length > 3) {
            throw new IllegalArgumentException("axes: expected 1 to 3 but got " + axes.length);
        }
        for (AxisSharing axis : axes) {
            if (axis == null) {
                throw new NullPointerException("axes");
            }
        }
        return new Sharing(List.of(axes));
    }

    private static Sharing sized(String name, AxisSharing.Kind kind, long[] sizes) {
        if (sizes == null) {
            throw new NullPointerException(name);
        }
        if (sizes.length < 1 || sizes.length > 3 || Arrays.stream(sizes).anyMatch(size -> size < 1)) {
            throw new IllegalArgumentException(
                    name + ": expected 1 to 3 values of at least 1 but got " + Arrays.toString(sizes));
        }
        return new Sharing(Arrays.stream(sizes)
                .mapToObj(size -> new AxisSharing(kind, size))
                .toList());
    }

    /**
     * The rule of one axis.
     *
     * @param axis the axis, from 0
     * @return its rule
     * @throws IllegalArgumentException if there is no such axis
     */
    public AxisSharing axis(int axis) {
        if (axis < 0 || axis > 2 || (axis >= axes.size() && axes.size() > 1)) {
            throw new IllegalArgumentException(
                    "axis: expected 0 to " + (axes.size() > 1 ? axes.size() - 1 : 2) + " but got " + axis);
        }
        return axes.get(axes.size() == 1 ? 0 : axis);
    }

    /** Whether a convolution of this many axes can have this sharing. */
    boolean fits(int rank) {
        return axes.size() == 1 || axes.size() == rank;
    }

    /**
     * One rule for all axes if theirs are equal. Compared part by part: the JDK makes a record's {@code equals} out of method
     * handles, which then keep the class loader.
     */
    Sharing simplified() {
        AxisSharing first = axes.get(0);
        boolean same = axes.stream().allMatch(axis -> axis.kind() == first.kind() && axis.size() == first.size());
        return same ? new Sharing(List.of(first)) : this;
    }

    /**
     * Whether every axis is shared, as in standard convolution.
     *
     * @return whether all positions use one kernel
     */
    public boolean isShared() {
        return axes.stream().allMatch(axis -> axis.kind() == AxisSharing.Kind.SHARED);
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof Sharing sharing && axes.equals(sharing.axes);
    }

    @Override
    public int hashCode() {
        return axes.hashCode();
    }

    /** Such as {@code tiled(2)} or {@code local x shared}. */
    @Override
    public String toString() {
        return axes.stream()
                .map(axis -> {
                    String kind = axis.kind().name().toLowerCase(java.util.Locale.ROOT);
                    return switch (axis.kind()) {
                        case SHARED, LOCAL -> kind;
                        case TILED, BLOCKS -> kind + "(" + axis.size() + ")";
                    };
                })
                .collect(Collectors.joining(" x "));
    }
}
