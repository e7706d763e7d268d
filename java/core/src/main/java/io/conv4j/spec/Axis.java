package io.conv4j.spec;

import java.util.Objects;

/**
 * One spatial dimension of a convolution, every size resolved; all size formulas live here. An axis of a transposed
 * layer is that of the convolution it mirrors: its input is the layer's output, and its padding end may be negative.
 *
 * @param input source size in elements
 * @param kernel kernel size in taps
 * @param stride distance of neighbouring output positions in source elements
 * @param dilation distance of neighbouring taps in source elements; 1 means none
 * @param padBegin zeros before the source
 * @param padEnd zeros after the source; below 0 where trailing source elements are left out
 * @param output output size in positions
 * @param sharing which kernel each output position uses
 */
public record Axis(
        long input,
        long kernel,
        long stride,
        long dilation,
        long padBegin,
        long padEnd,
        long output,
        AxisSharing sharing) {

    /**
     * An axis with these sizes.
     *
     * @param input at least 1
     * @param kernel at least 1
     * @param stride at least 1
     * @param dilation at least 1
     * @param padBegin at least 0
     * @param padEnd any
     * @param output at least 1
     * @param sharing not null
     * @throws NullPointerException if {@code sharing} is null
     * @throws IllegalArgumentException if a size is smaller
     */
    public Axis {
        atLeast(1, "input", input);
        atLeast(1, "kernel", kernel);
        atLeast(1, "stride", stride);
        atLeast(1, "dilation", dilation);
        atLeast(0, "padBegin", padBegin);
        atLeast(1, "output", output);
        Objects.requireNonNull(sharing, "sharing");
    }

    private static void atLeast(long minimum, String name, long size) {
        if (size < minimum) {
            throw new IllegalArgumentException(name + ": expected at least " + minimum + " but got " + size);
        }
    }

    /**
     * The axis of a convolution: output = floor((in + padBegin + padEnd - (dilation * (k - 1) + 1)) / stride) + 1 (the
     * chapter's section 3, with padding and dilation).
     */
    static Axis ofConvolution(ConvSpec spec, int index, long input) {
        long kernel = spec.kernel(index);
        long stride = spec.stride(index);
        long dilation = spec.dilation(index);
        try {
            Padding.Amounts pad = spec.padding().ofConvolution(index, input, kernel, stride, dilation);
            long span = span(kernel, dilation);
            long padded = Math.addExact(input, Math.addExact(pad.begin(), pad.end()));
            if (span > padded) {
                throw new IllegalArgumentException(
                        "kernel: expected dilation * (k - 1) + 1 of at most the padded source size " + padded
                                + " on axis " + index + " but got " + span);
            }
            long output = (padded - span) / stride + 1;
            return new Axis(
                    input,
                    kernel,
                    stride,
                    dilation,
                    pad.begin(),
                    pad.end(),
                    output,
                    spec.sharing().axis(index));
        } catch (ArithmeticException e) {
            throw overflow(index, e);
        }
    }

    /**
     * The axis of the convolution that a transposed layer mirrors: the layer's output, which is this axis's input, is
     * (in - 1) * stride - (padBegin + padEnd) + dilation * (k - 1) + 1 + outputPadding.
     */
    static Axis ofTransposed(ConvSpec spec, int index, long layerInput) {
        long kernel = spec.kernel(index);
        long stride = spec.stride(index);
        long dilation = spec.dilation(index);
        try {
            Padding.Amounts pad = spec.padding().ofTransposed(index, kernel, stride, dilation);
            long outputPadding =
                    spec.padding().impliesOutputPadding() ? pad.outputPadding() : spec.outputPadding(index);
            long grown = Math.addExact(Math.multiplyExact(layerInput - 1, stride), span(kernel, dilation));
            long layerOutput =
                    Math.addExact(Math.subtractExact(grown, Math.addExact(pad.begin(), pad.end())), outputPadding);
            if (layerOutput < 1) {
                throw new IllegalArgumentException("padding: expected an output size of at least 1 on axis " + index
                        + " but got " + layerOutput + " (source " + layerInput + ", padding " + pad.begin() + " and "
                        + pad.end() + ")");
            }
            long padEnd = pad.end() - outputPadding;
            return new Axis(
                    layerOutput,
                    kernel,
                    stride,
                    dilation,
                    pad.begin(),
                    padEnd,
                    layerInput,
                    spec.sharing().axis(index));
        } catch (ArithmeticException e) {
            throw overflow(index, e);
        }
    }

    private static long span(long kernel, long dilation) {
        return Math.addExact(Math.multiplyExact(dilation, kernel - 1), 1);
    }

    private static IllegalArgumentException overflow(int index, ArithmeticException cause) {
        return new IllegalArgumentException(
                "spec: expected sizes that fit in 63 bits on axis " + index + " but they do not", cause);
    }

    /**
     * How many kernels the axis has.
     *
     * @return the number of kernels, 1 where it is shared
     */
    public long kernels() {
        return sharing.kernels(output);
    }

    /**
     * The source element under a tap: position * stride - padBegin + tap * dilation, which may lie in the padding.
     *
     * @param position the output position, from 0
     * @param tap the tap, from 0
     * @return the source index
     */
    public long sourceIndex(long position, long tap) {
        return position * stride - padBegin + tap * dilation;
    }
}
