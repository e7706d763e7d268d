package io.conv4j.spec;

import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.function.ToLongFunction;
import java.util.stream.IntStream;

/**
 * A convolution with every size resolved: batch, channels, groups and one {@link Axis} per spatial dimension.
 * Immutable.
 *
 * <p>The geometry of a transposed layer is that of the convolution it mirrors: the layer's forward pass is the
 * geometry's gradient with respect to its source, so {@link #sourceShape()} is the layer's output and {@link
 * #outputShape()} its source.
 */
public final class ConvGeometry {
    private final long batch;
    private final long groups;
    private final long inChannels;
    private final long outChannels;
    private final List<Axis> axes;
    private final boolean shared;
    private final BiasMode bias;
    private final Orientation orientation;
    private final boolean transposed;

    private final Shape sourceShape;
    private final Shape weightsShape;
    private final Shape outputShape;

    private ConvGeometry(
            long batch,
            long groups,
            long inChannels,
            long outChannels,
            List<Axis> axes,
            boolean shared,
            BiasMode bias,
            Orientation orientation,
            boolean transposed) {
        this.batch = batch;
        this.groups = groups;
        this.inChannels = inChannels;
        this.outChannels = outChannels;
        this.axes = axes;
        this.shared = shared;
        this.bias = bias;
        this.orientation = orientation;
        this.transposed = transposed;
        int rank = axes.size();
        long[] source = new long[2 + rank];
        long[] output = new long[2 + rank];
        source[0] = batch;
        output[0] = batch;
        source[1] = inChannels;
        output[1] = outChannels;
        int kernels = shared ? 0 : rank;
        long[] weights = new long[2 + kernels + rank];
        weights[0] = outChannels;
        weights[1 + kernels] = inChannels / groups;
        for (int i = 0; i < rank; i++) {
            source[2 + i] = axes.get(i).input();
            output[2 + i] = axes.get(i).output();
            if (!shared) {
                weights[1 + i] = axes.get(i).kernels();
            }
            weights[2 + kernels + i] = axes.get(i).kernel();
        }
        this.sourceShape = shape(source);
        this.outputShape = shape(output);
        this.weightsShape = shape(weights);
    }

    private static Shape shape(long[] sizes) {
        try {
            return Shape.of(sizes);
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException(
                    "spec: expected tensors of at most 2^63 - 1 elements but got " + Arrays.toString(sizes), e);
        }
    }

    /**
     * The geometry of a convolution over a source.
     *
     * @param spec the layer
     * @param sourceShape {@code [n, ic, spatial...]}; n may be 0
     * @return the geometry
     * @throws NullPointerException if an argument is null
     * @throws IllegalArgumentException if the shape does not fit the layer, the dilated kernel is larger than the padded
     *     source, output padding is given, or a size does not fit in 63 bits
     */
    public static ConvGeometry of(ConvSpec spec, Shape sourceShape) {
        check(spec, sourceShape);
        for (int i = 0; i < spec.axes(); i++) {
            if (spec.outputPadding(i) != 0) {
                throw new IllegalArgumentException(
                        "spec: expected no output padding, which only transposed layers have," + " but got "
                                + spec.outputPadding(i) + " on axis " + i);
            }
        }
        List<Axis> axes = IntStream.range(0, spec.axes())
                .mapToObj(i -> Axis.ofConvolution(spec, i, sourceShape.size(2 + i)))
                .toList();
        return new ConvGeometry(
                sourceShape.size(0),
                spec.groups(),
                spec.inChannels(),
                spec.outChannels(),
                axes,
                spec.sharing().isShared(),
                spec.bias(),
                spec.orientation(),
                false);
    }

    /**
     * The geometry of the convolution that a transposed layer mirrors. The kernel index goes by the layer's source
     * position.
     *
     * @param spec the transposed layer: its own channels, padding and output padding
     * @param sourceShape the layer's source, {@code [n, ic, spatial...]}; n may be 0
     * @return the mirrored convolution's geometry
     * @throws NullPointerException if an argument is null
     * @throws IllegalArgumentException if the shape does not fit the layer, the output padding is not below max(stride,
     *     dilation) or given where the padding settles it, the output would be empty, the bias is neither NONE nor
     *     CHANNEL, or a size does not fit in 63 bits
     */
    public static ConvGeometry ofTransposed(ConvSpec spec, Shape sourceShape) {
        check(spec, sourceShape);
        if (spec.bias() != BiasMode.NONE && spec.bias() != BiasMode.CHANNEL) {
            throw new IllegalArgumentException(
                    "spec: expected bias NONE or CHANNEL of a transposed layer but got " + spec.bias());
        }
        for (int i = 0; i < spec.axes(); i++) {
            long limit = spec.padding().impliesOutputPadding() ? 1 : Math.max(spec.stride(i), spec.dilation(i));
            if (spec.outputPadding(i) >= limit) {
                throw new IllegalArgumentException("spec: expected output padding of at most " + (limit - 1)
                        + (spec.padding().impliesOutputPadding() ? ", which " + spec.padding() + " settles," : "")
                        + " on axis " + i + " but got " + spec.outputPadding(i));
            }
        }
        List<Axis> axes = IntStream.range(0, spec.axes())
                .mapToObj(i -> Axis.ofTransposed(spec, i, sourceShape.size(2 + i)))
                .toList();
        return new ConvGeometry(
                sourceShape.size(0),
                spec.groups(),
                spec.outChannels(),
                spec.inChannels(),
                axes,
                spec.sharing().isShared(),
                spec.bias(),
                spec.orientation(),
                true);
    }

    private static void check(ConvSpec spec, Shape sourceShape) {
        Objects.requireNonNull(spec, "spec");
        Objects.requireNonNull(sourceShape, "sourceShape");
        boolean fits = sourceShape.rank() == 2 + spec.axes() && sourceShape.size(1) == spec.inChannels();
        for (int i = 2; fits && i < sourceShape.rank(); i++) {
            fits = sourceShape.size(i) > 0;
        }
        if (!fits) {
            throw new IllegalArgumentException("sourceShape: expected [N, " + spec.inChannels() + ", "
                    + String.join(", ", List.of("D", "H", "W").subList(3 - spec.axes(), 3))
                    + "] with spatial sizes of at least 1 but got " + sourceShape);
        }
    }

    /**
     * This geometry for another batch size.
     *
     * @param batch n, at least 0
     * @return the geometry
     * @throws IllegalArgumentException if {@code batch} is negative or makes a shape exceed 2^63 - 1 elements
     */
    public ConvGeometry withBatch(long batch) {
        if (batch < 0) {
            throw new IllegalArgumentException("batch: expected at least 0 but got " + batch);
        }
        try {
            return new ConvGeometry(
                    batch, groups, inChannels, outChannels, axes, shared, bias, orientation, transposed);
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException(
                    "batch: expected one whose tensors have at most 2^63 - 1 elements but got " + batch, e);
        }
    }

    /**
     * Images computed together.
     *
     * @return n
     */
    public long batch() {
        return batch;
    }

    /**
     * Groups of channels.
     *
     * @return g
     */
    public long groups() {
        return groups;
    }

    /**
     * Channels of {@link #sourceShape()}.
     *
     * @return ic
     */
    public long inChannels() {
        return inChannels;
    }

    /**
     * Channels of {@link #outputShape()}.
     *
     * @return oc
     */
    public long outChannels() {
        return outChannels;
    }

    /**
     * The spatial dimensions in the order depth, height, width.
     *
     * @return 1 to 3 axes
     */
    public List<Axis> axes() {
        return axes;
    }

    /**
     * Whether all output positions use one kernel: standard convolution.
     *
     * @return whether every axis is shared
     */
    public boolean isShared() {
        return shared;
    }

    /**
     * The bias.
     *
     * @return its mode
     */
    public BiasMode bias() {
        return bias;
    }

    /**
     * Which way round the kernel is laid.
     *
     * @return the orientation
     */
    public Orientation orientation() {
        return orientation;
    }

    /**
     * Whether this is the mirror of a transposed layer.
     *
     * @return whether it came from {@link #ofTransposed}
     */
    public boolean isTransposed() {
        return transposed;
    }

    /**
     * Shape of the convolution's source; for a transposed layer, of the layer's output.
     *
     * @return {@code [n, ic, id, ih, iw]}
     */
    public Shape sourceShape() {
        return sourceShape;
    }

    /**
     * Shape of the weights in logical order, the same for a transposed layer and its mirror.
     *
     * @return {@code [oc, (kernels per axis...,) ic / g, kernel size per axis...]}
     */
    public Shape weightsShape() {
        return weightsShape;
    }

    /**
     * Shape of the convolution's output; for a transposed layer, of the layer's source.
     *
     * @return {@code [n, oc, od, oh, ow]}
     */
    public Shape outputShape() {
        return outputShape;
    }

    /**
     * Shape of the bias.
     *
     * @return {@code [oc]}, {@code [oc, kernels per axis...]} or {@code [oc, oh, ow]}; for a transposed layer one value
     *     per channel of its output
     * @throws IllegalStateException if there is no bias
     */
    public Shape biasShape() {
        long[] sizes = switch (bias) {
            case NONE -> throw new IllegalStateException("spec: expected a bias but the layer has none");
            case CHANNEL -> new long[] {transposed ? inChannels : outChannels};
            case KERNEL -> shared ? new long[] {outChannels} : perAxis(Axis::kernels);
            case POSITION -> perAxis(Axis::output);
        };
        return Shape.of(sizes);
    }

    private long[] perAxis(ToLongFunction<Axis> size) {
        long[] sizes = new long[1 + axes.size()];
        sizes[0] = outChannels;
        for (int i = 0; i < axes.size(); i++) {
            sizes[1 + i] = size.applyAsLong(axes.get(i));
        }
        return sizes;
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof ConvGeometry geometry
                && batch == geometry.batch
                && groups == geometry.groups
                && inChannels == geometry.inChannels
                && outChannels == geometry.outChannels
                && axes.equals(geometry.axes)
                && bias == geometry.bias
                && orientation == geometry.orientation
                && transposed == geometry.transposed;
    }

    @Override
    public int hashCode() {
        return Objects.hash(batch, groups, inChannels, outChannels, axes, bias, orientation, transposed);
    }

    /** Shapes and axes in one line. */
    @Override
    public String toString() {
        return (transposed ? "mirror of a transposed layer, " : "") + "source " + sourceShape + ", weights "
                + weightsShape + ", output " + outputShape + ", groups " + groups + ", bias " + bias + ", "
                + orientation + ", axes " + axes;
    }
}
