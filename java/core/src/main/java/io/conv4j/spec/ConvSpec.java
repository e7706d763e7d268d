package io.conv4j.spec;

import java.util.Arrays;

/**
 * A convolutional layer without its data: channels, kernel, stride, dilation, padding, groups, sharing, bias,
 * orientation. Serves convolution and transposed convolution, whose channels and padding are the transposed layer's own.
 * Immutable.
 *
 * <p>Sizes are given for 1 to 3 axes in the order depth, height, width; the number of kernel sizes says how many there
 * are.
 */
public final class ConvSpec {
    private final long inChannels;
    private final long outChannels;
    private final long groups;
    private final long[] kernel;
    private final long[] stride;
    private final long[] dilation;
    private final long[] outputPadding;
    private final Padding padding;
    private final Sharing sharing;
    private final BiasMode bias;
    private final Orientation orientation;

    private ConvSpec(Builder builder) {
        if (builder.kernel == null) {
            throw new IllegalArgumentException("kernel: expected 1 to 3 sizes but none was given");
        }
        int rank = builder.kernel.length;
        inChannels = builder.inChannels;
        outChannels = builder.outChannels;
        groups = builder.groups;
        kernel = builder.kernel;
        stride = perAxis("stride", builder.stride, rank);
        dilation = perAxis("dilation", builder.dilation, rank);
        outputPadding = perAxis("outputPadding", builder.outputPadding, rank);
        padding = builder.padding;
        sharing = builder.sharing.simplified();
        bias = builder.bias;
        orientation = builder.orientation;
        if (inChannels % groups != 0 || outChannels % groups != 0) {
            throw new IllegalArgumentException("groups: expected a divisor of " + inChannels + " input and "
                    + outChannels + " output channels but got " + groups);
        }
        if (!padding.fits(rank)) {
            throw new IllegalArgumentException(
                    "padding: expected begin and end of each axis, " + 2 * rank + " values, but got " + padding);
        }
        if (!builder.sharing.fits(rank)) {
            throw new IllegalArgumentException(
                    "sharing: expected a rule for " + rank + " axes but got " + builder.sharing);
        }
    }

    private static long[] perAxis(String name, long[] values, int rank) {
        if (values.length != rank && values.length != 1) {
            throw new IllegalArgumentException(
                    name + ": expected 1 or " + rank + " values but got " + Arrays.toString(values));
        }
        if (values.length == rank) {
            return values;
        }
        long[] spread = new long[rank];
        Arrays.fill(spread, values[0]);
        return spread;
    }

    /**
     * Begins a layer.
     *
     * @param inChannels ic, channels of the layer's source, at least 1
     * @param outChannels oc, channels of its output, at least 1
     * @return a builder with stride 1, dilation 1, no padding, 1 group, shared kernels, no bias, cross-correlation
     * @throws IllegalArgumentException if a count is below 1
     */
    public static Builder builder(long inChannels, long outChannels) {
        return new Builder(inChannels, outChannels);
    }

    /**
     * Begins a depthwise layer: as many groups as channels, each output channel seeing one input channel.
     *
     * @param channels ic = oc = g, at least 1
     * @return a builder
     * @throws IllegalArgumentException if {@code channels} is below 1
     */
    public static Builder depthwise(long channels) {
        Builder.atLeastOne("channels", channels);
        return new Builder(channels, channels).groups(channels);
    }

    /**
     * Channels of the source.
     *
     * @return ic
     */
    public long inChannels() {
        return inChannels;
    }

    /**
     * Channels of the output.
     *
     * @return oc
     */
    public long outChannels() {
        return outChannels;
    }

    /**
     * Groups that the channels are divided into.
     *
     * @return g
     */
    public long groups() {
        return groups;
    }

    /**
     * How many spatial axes there are.
     *
     * @return 1, 2 or 3
     */
    public int axes() {
        return kernel.length;
    }

    /**
     * Kernel size of an axis.
     *
     * @param axis the axis, from 0
     * @return its kernel size in taps
     * @throws IllegalArgumentException if there is no such axis
     */
    public long kernel(int axis) {
        return kernel[checked(axis)];
    }

    /**
     * Stride of an axis.
     *
     * @param axis the axis, from 0
     * @return its stride in elements
     * @throws IllegalArgumentException if there is no such axis
     */
    public long stride(int axis) {
        return stride[checked(axis)];
    }

    /**
     * Dilation of an axis.
     *
     * @param axis the axis, from 0
     * @return its dilation in elements, 1 for none
     * @throws IllegalArgumentException if there is no such axis
     */
    public long dilation(int axis) {
        return dilation[checked(axis)];
    }

    /**
     * Output padding of an axis of a transposed layer.
     *
     * @param axis the axis, from 0
     * @return the elements added to its output size
     * @throws IllegalArgumentException if there is no such axis
     */
    public long outputPadding(int axis) {
        return outputPadding[checked(axis)];
    }

    private int checked(int axis) {
        if (axis < 0 || axis >= kernel.length) {
            throw new IllegalArgumentException("axis: expected 0 to " + (kernel.length - 1) + " but got " + axis);
        }
        return axis;
    }

    /**
     * The padding rule.
     *
     * @return the padding
     */
    public Padding padding() {
        return padding;
    }

    /**
     * Which output positions share a kernel.
     *
     * @return the sharing
     */
    public Sharing sharing() {
        return sharing;
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

    @Override
    public boolean equals(Object other) {
        return other instanceof ConvSpec spec
                && inChannels == spec.inChannels
                && outChannels == spec.outChannels
                && groups == spec.groups
                && Arrays.equals(kernel, spec.kernel)
                && Arrays.equals(stride, spec.stride)
                && Arrays.equals(dilation, spec.dilation)
                && Arrays.equals(outputPadding, spec.outputPadding)
                && padding.equals(spec.padding)
                && sharing.equals(spec.sharing)
                && bias == spec.bias
                && orientation == spec.orientation;
    }

    @Override
    public int hashCode() {
        return java.util.Objects.hash(
                inChannels, outChannels, groups, Arrays.hashCode(kernel), Arrays.hashCode(stride));
    }

    /** All settings on one line, such as {@code C3 -> 64, kernel [3, 3], stride [2, 2], ...}. */
    @Override
    public String toString() {
        return "C" + inChannels + " -> " + outChannels + ", kernel " + Arrays.toString(kernel) + ", stride "
                + Arrays.toString(stride) + ", dilation " + Arrays.toString(dilation) + ", padding " + padding
                + ", output padding " + Arrays.toString(outputPadding) + ", groups " + groups + ", " + sharing
                + ", bias " + bias + ", " + orientation;
    }

    /** Gathers a layer's settings; each of its methods but {@link #build()} returns the builder itself. */
    public static final class Builder {
        private final long inChannels;
        private final long outChannels;
        private long groups = 1;
        private long[] kernel;
        private long[] stride = {1};
        private long[] dilation = {1};
        private long[] outputPadding = {0};
        private Padding padding = Padding.valid();
        private Sharing sharing = Sharing.shared();
        private BiasMode bias = BiasMode.NONE;
        private Orientation orientation = Orientation.CROSS_CORRELATION;

        private Builder(long inChannels, long outChannels) {
            this.inChannels = atLeastOne("inChannels", inChannels);
            this.outChannels = atLeastOne("outChannels", outChannels);
        }

        private static long atLeastOne(String name, long value) {
            if (value < 1) {
                throw new IllegalArgumentException(name + ": expected at least 1 but got " + value);
            }
            return value;
        }

        private static long[] atLeast(long minimum, String name, long... values) {
            if (values == null) {
                throw new NullPointerException(name);
            }
            if (values.length < 1 || values.length > 3 || Arrays.stream(values).anyMatch(value -> value < minimum)) {
                throw new IllegalArgumentException(name + ": expected 1 to 3 values of at least " + minimum
                        + " but got " + Arrays.toString(values));
            }
            return values.clone();
        }

        private static <T> T notNull(String name, T value) {
            if (value == null) {
                throw new NullPointerException(name);
            }
            return value;
        }

        /**
         * Kernel sizes; how many are given is the number of axes.
         *
         * @param sizes taps per axis, each at least 1
         * @return this builder
         * @throws NullPointerException if {@code sizes} is null
         * @throws IllegalArgumentException if there are not 1 to 3 sizes, or one is below 1
         */
        public Builder kernel(long... sizes) {
            kernel = atLeast(1, "kernel", sizes);
            return this;
        }

        /**
         * Stride (the chapter's s).
         *
         * @param strides elements per axis, or one value for all, each at least 1
         * @return this builder
         * @throws NullPointerException if {@code strides} is null
         * @throws IllegalArgumentException if there are not 1 to 3 values, or one is below 1
         */
        public Builder stride(long... strides) {
            stride = atLeast(1, "stride", strides);
            return this;
        }

        /**
         * Dilation: the distance of neighbouring taps; 1 means none.
         *
         * @param dilations elements per axis, or one value for all, each at least 1
         * @return this builder
         * @throws NullPointerException if {@code dilations} is null
         * @throws IllegalArgumentException if there are not 1 to 3 values, or one is below 1
         */
        public Builder dilation(long... dilations) {
            dilation = atLeast(1, "dilation", dilations);
            return this;
        }

        /**
         * Elements added to the end of a transposed layer's output; convolution refuses it. It must stay below
         * max(stride, dilation), and is not given where {@link Padding#sameUpper()} or {@link Padding#sameLower()} settle
         * it.
         *
         * @param elements elements per axis, or one value for all, each at least 0
         * @return this builder
         * @throws NullPointerException if {@code elements} is null
         * @throws IllegalArgumentException if there are not 1 to 3 values, or one is below 0
         */
        public Builder outputPadding(long... elements) {
            outputPadding = atLeast(0, "outputPadding", elements);
            return this;
        }

        /**
         * Padding.
         *
         * @param rule the rule
         * @return this builder
         * @throws NullPointerException if {@code rule} is null
         */
        public Builder padding(Padding rule) {
            padding = notNull("padding", rule);
            return this;
        }

        /**
         * Groups: output channels of a group see the input channels of that group only.
         *
         * @param count g, at least 1, a divisor of both channel counts
         * @return this builder
         * @throws IllegalArgumentException if {@code count} is below 1
         */
        public Builder groups(long count) {
            groups = atLeastOne("groups", count);
            return this;
        }

        /**
         * Sharing.
         *
         * @param rule which output positions share a kernel
         * @return this builder
         * @throws NullPointerException if {@code rule} is null
         */
        public Builder sharing(Sharing rule) {
            sharing = notNull("sharing", rule);
            return this;
        }

        /**
         * Bias.
         *
         * @param mode what is added to the output
         * @return this builder
         * @throws NullPointerException if {@code mode} is null
         */
        public Builder bias(BiasMode mode) {
            bias = notNull("bias", mode);
            return this;
        }

        /**
         * Orientation.
         *
         * @param value which way round the kernel is laid
         * @return this builder
         * @throws NullPointerException if {@code value} is null
         */
        public Builder orientation(Orientation value) {
            orientation = notNull("orientation", value);
            return this;
        }

        /**
         * The layer.
         *
         * @return the finished specification
         * @throws IllegalArgumentException if no kernel was given, the numbers of values do not match its axes, or the
         *     groups do not divide the channels
         */
        public ConvSpec build() {
            return new ConvSpec(this);
        }
    }
}
