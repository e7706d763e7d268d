package io.conv4j.reference;

import static io.conv4j.spec.BiasMode.CHANNEL;
import static io.conv4j.spec.BiasMode.KERNEL;
import static io.conv4j.spec.BiasMode.POSITION;
import static io.conv4j.spec.Orientation.CONVOLUTION;
import static io.conv4j.spec.Padding.explicit;
import static io.conv4j.spec.Padding.full;
import static io.conv4j.spec.Padding.same;
import static io.conv4j.spec.Padding.sameLower;
import static io.conv4j.spec.Padding.sameUpper;

import io.conv4j.spec.AxisSharing;
import io.conv4j.spec.ConvSpec;
import io.conv4j.spec.Shape;
import io.conv4j.spec.Sharing;
import java.util.ArrayList;
import java.util.List;

/**
 * The awkward layers that every implementation must get right, small enough to try in every way: sizes round the widths
 * of vectors, every padding rule, strides and dilations past the kernel, positions that see nothing but padding.
 */
public final class Cases {
    private static final long[] CHANNELS = {1, 3, 5, 7, 8, 15, 16, 17, 31, 32, 33, 64};
    private static final long[] WIDTHS = {1, 7, 13, 14, 15, 16, 17};

    private final List<ConvCase> cases = new ArrayList<>();

    private Cases() {}

    private static ConvSpec.Builder layer(long inChannels, long outChannels, long... kernel) {
        return ConvSpec.builder(inChannels, outChannels).kernel(kernel);
    }

    private static ConvSpec.Builder depthwise(long channels, long... kernel) {
        return ConvSpec.depthwise(channels).kernel(kernel);
    }

    /** A layer over a source of n images with these spatial sizes. */
    private void add(String name, ConvSpec.Builder builder, long n, long... spatial) {
        ConvSpec spec = builder.build();
        long[] source = new long[2 + spatial.length];
        source[0] = n;
        source[1] = spec.inChannels();
        System.arraycopy(spatial, 0, source, 2, spatial.length);
        cases.add(new ConvCase(name, spec, Shape.of(source)));
    }

    /** Standard convolution. */
    public static List<ConvCase> convolutions() {
        Cases c = new Cases();
        c.sizes();
        c.stridesAndDilations();
        c.paddings();
        c.groups();
        c.otherRanks();
        c.biases();
        c.flipped();
        return c.cases;
    }

    private void sizes() {
        for (int i = 0; i < CHANNELS.length; i++) {
            long in = CHANNELS[i];
            long out = CHANNELS[CHANNELS.length - 1 - i];
            add("channels " + in + " to " + out, layer(in, out, 3, 3).padding(same()), 2, 5, 6);
            add("1x1, channels " + in + " to " + in, layer(in, in, 1, 1), 1, 4, 5);
        }
        for (long width : WIDTHS) {
            add("width " + width, layer(8, 16, 3, 3).padding(same()), 1, 5, width);
            add("height " + width, layer(3, 5, 2, 3).padding(sameUpper()), 1, width, 4);
        }
        for (long n : new long[] {0, 1, 2, 3, 5}) {
            add("batch " + n, layer(16, 8, 3, 3).padding(same()), n, 6, 6);
            add("batch " + n + ", C3 k2 s2", layer(3, 7, 2, 2).stride(2).bias(CHANNEL), n, 6, 5);
        }
        add("one element", layer(1, 1, 1, 1), 1, 1, 1);
        add("stem C3 k7 s2", layer(3, 16, 7, 7).stride(2).padding(explicit(3, 3, 3, 3)), 1, 21, 22);
        add("stem C1 k5", layer(1, 6, 5, 5).bias(CHANNEL), 2, 14, 14);
        add("stem C4 k11 s4", layer(4, 8, 11, 11).stride(4).padding(explicit(2, 2, 2, 2)), 1, 27, 27);
        add("square of 32", layer(32, 32, 3, 3).padding(same()), 1, 14, 14);
    }

    private void stridesAndDilations() {
        add("stride 2", layer(8, 8, 3, 3).stride(2).padding(same()), 2, 9, 10);
        add("stride 3", layer(5, 16, 3, 3).stride(3), 1, 10, 12);
        add("stride 2 x 1", layer(16, 7, 3, 3).stride(2, 1).padding(same()), 1, 8, 7);
        add("stride 1 x 3", layer(16, 16, 2, 4).stride(1, 3), 1, 5, 13);
        add("stride 2 leaves a column out", layer(3, 4, 3, 3).stride(2), 2, 8, 8);
        add("stride 2 past k1", layer(16, 32, 1, 1).stride(2), 1, 7, 8);
        add("stride 3 past k2", layer(7, 9, 2, 2).stride(3), 1, 11, 10);
        add("stride 5 past k1 x 3", layer(8, 8, 1, 3).stride(5).padding(same()), 1, 12, 16);
        add("stride past the source", layer(3, 8, 2, 2).stride(9), 1, 5, 6);
        add("dilation 2", layer(8, 16, 3, 3).dilation(2), 1, 8, 9);
        add("dilation 3", layer(3, 5, 3, 3).dilation(3).padding(same()), 1, 8, 9);
        add("dilation 1 x 2", layer(16, 8, 3, 3).dilation(1, 2).padding(same()), 1, 6, 9);
        add("dilation 2, stride 2", layer(8, 8, 3, 3).dilation(2).stride(2).padding(same()), 2, 9, 10);
        add(
                "dilation 3, stride 2, asymmetric",
                layer(5, 7, 3, 2).dilation(3).stride(2).padding(explicit(1, 4, 0, 2)),
                1,
                9,
                8);
        add("dilation of a single tap", layer(3, 3, 1, 1).dilation(4), 1, 4, 5);
        add("dilation wider than the source", layer(8, 8, 2, 2).dilation(6).padding(explicit(3, 3, 3, 3)), 1, 4, 5);
    }

    private void paddings() {
        add("valid, even kernel", layer(8, 8, 2, 4), 1, 6, 7);
        add("same, k5", layer(8, 16, 5, 5).padding(same()), 1, 7, 8);
        add("same, stride 3", layer(3, 8, 5, 3).padding(same()).stride(3), 1, 10, 11);
        add("sameUpper, k2", layer(8, 5, 2, 2).padding(sameUpper()), 1, 5, 6);
        add("sameLower, k2", layer(8, 5, 2, 2).padding(sameLower()), 1, 5, 6);
        add("sameUpper, k4 s2", layer(3, 16, 4, 4).padding(sameUpper()).stride(2), 1, 9, 8);
        add("sameLower, k4 s2", layer(3, 16, 4, 4).padding(sameLower()).stride(2), 1, 9, 8);
        add(
                "sameUpper, stride past the kernel",
                layer(4, 8, 2, 1).padding(sameUpper()).stride(3),
                1,
                8,
                7);
        add(
                "sameLower, stride past the kernel",
                layer(4, 8, 2, 1).padding(sameLower()).stride(3),
                1,
                8,
                7);
        add("sameUpper, dilation 2", layer(8, 8, 2, 3).padding(sameUpper()).dilation(2), 1, 6, 7);
        add("full, k3", layer(8, 8, 3, 3).padding(full()), 1, 4, 5);
        add("full, k2 s2", layer(3, 7, 2, 2).padding(full()).stride(2), 1, 5, 6);
        add("full, dilation 2", layer(5, 8, 3, 2).padding(full()).dilation(2), 1, 4, 5);
        add("asymmetric, begin only", layer(8, 8, 3, 3).padding(explicit(2, 0, 1, 0)), 1, 5, 6);
        add("asymmetric, end only", layer(8, 8, 3, 3).padding(explicit(0, 2, 0, 1)), 1, 5, 6);
        add(
                "asymmetric, all four, k5 s2",
                layer(3, 17, 5, 5).padding(explicit(1, 2, 3, 4)).stride(2),
                2,
                8,
                9);
        add("padding past k1", layer(8, 8, 1, 1).padding(explicit(2, 1, 1, 2)), 1, 3, 4);
        add("padding past k2", layer(5, 16, 2, 2).padding(explicit(3, 4, 5, 3)), 1, 4, 3);
        add("padding past k3", layer(16, 16, 3, 3).padding(explicit(4, 4, 5, 5)), 1, 4, 3);
        add(
                "padding past k3, stride 2",
                layer(16, 8, 3, 3).padding(explicit(5, 4, 4, 5)).stride(2),
                1,
                4,
                5);
        add("kernel larger than the source", layer(8, 8, 5, 5).padding(explicit(1, 1, 2, 1)), 1, 3, 3);
        add("kernel much larger than the source", layer(3, 8, 7, 9).padding(same()), 1, 3, 2);
        add("kernel as large as the source", layer(17, 16, 5, 4), 2, 5, 4);
        add("kernel as large as the padded source", layer(8, 15, 6, 5).padding(explicit(1, 1, 0, 1)), 2, 4, 4);
        add(
                "kernel larger than the source, stride 2",
                layer(16, 8, 6, 6).padding(explicit(3, 2, 2, 3)).stride(2),
                1,
                4,
                4);
    }

    private void groups() {
        add("2 groups of 8", layer(16, 16, 3, 3).groups(2).padding(same()), 1, 5, 6);
        add("3 groups of 3 to 2", layer(9, 6, 3, 3).groups(3), 1, 6, 5);
        add("3 groups of 5 to 7", layer(15, 21, 3, 2).groups(3).stride(2).bias(CHANNEL), 2, 7, 6);
        add("4 groups of 16", layer(64, 64, 1, 1).groups(4), 1, 4, 4);
        add("2 groups of 17 to 16", layer(34, 32, 2, 2).groups(2), 1, 4, 5);
        add("5 groups, dilation 2", layer(10, 5, 3, 3).groups(5).dilation(2).padding(same()), 1, 6, 7);
        for (long channels : new long[] {1, 3, 8, 16, 17, 33}) {
            add("depthwise " + channels, depthwise(channels, 3, 3).padding(same()), 2, 5, 6);
        }
        add(
                "depthwise 16, stride 2, bias",
                depthwise(16, 3, 3).stride(2).padding(same()).bias(CHANNEL),
                1,
                9,
                8);
        add("depthwise 8, dilation 2", depthwise(8, 3, 3).dilation(2).padding(same()), 1, 7, 7);
        add("depthwise 24, k5 asymmetric", depthwise(24, 5, 4).padding(explicit(0, 3, 2, 1)), 1, 6, 6);
        add("depthwise multiplier 2", layer(8, 16, 3, 3).groups(8).padding(same()), 1, 5, 6);
        add("depthwise multiplier 3", layer(5, 15, 3, 3).groups(5).stride(2).bias(CHANNEL), 2, 7, 6);
        add("depthwise divisor 2", layer(16, 8, 3, 3).groups(8).padding(same()), 1, 5, 6);
    }

    private void otherRanks() {
        add("1-D k3", layer(8, 16, 3).padding(same()), 2, 17);
        add("1-D k1", layer(17, 5, 1), 3, 15);
        add("1-D k7 s3", layer(3, 8, 7).stride(3).padding(sameUpper()), 1, 40);
        add("1-D dilation 4", layer(5, 7, 2).dilation(4).bias(CHANNEL), 2, 31);
        add("1-D 3 groups", layer(9, 15, 4).groups(3).padding(explicit(3, 1)), 1, 16);
        add("1-D depthwise 33", depthwise(33, 5).padding(same()), 1, 14);
        add("1-D long", layer(1, 2, 9).padding(full()), 1, 300);
        add("3-D k3", layer(3, 5, 3, 3, 3).padding(same()), 1, 4, 5, 6);
        add("3-D 16 to 16", layer(16, 16, 3, 3, 3), 1, 4, 4, 5);
        add("3-D k1", layer(8, 17, 1, 1, 1), 2, 2, 3, 4);
        add("3-D k1 x 3 x 3", layer(8, 8, 1, 3, 3).padding(same()).bias(CHANNEL), 2, 3, 4, 5);
        add("3-D stride 1 x 2 x 3", layer(4, 8, 2, 3, 3).stride(1, 2, 3), 1, 4, 7, 8);
        add("3-D dilation 2 x 1 x 2", layer(3, 8, 2, 2, 2).dilation(2, 1, 2).padding(sameLower()), 1, 4, 5, 4);
        add("3-D asymmetric", layer(8, 3, 2, 3, 2).padding(explicit(1, 0, 2, 1, 0, 3)), 1, 3, 4, 5);
        add("3-D 2 groups", layer(6, 10, 2, 2, 2).groups(2).stride(2), 1, 4, 4, 4);
        add("3-D depthwise 16", depthwise(16, 3, 3, 3).padding(same()), 1, 3, 4, 5);
    }

    private void biases() {
        add("bias CHANNEL", layer(16, 32, 3, 3).padding(same()).bias(CHANNEL), 2, 6, 7);
        add("bias CHANNEL, 17 channels", layer(5, 17, 3, 3).bias(CHANNEL), 3, 6, 5);
        add("bias CHANNEL, batch 0", layer(5, 8, 3, 3).bias(CHANNEL), 0, 5, 5);
        add("bias KERNEL", layer(8, 16, 3, 3).padding(same()).bias(KERNEL), 2, 6, 7);
        add("bias KERNEL, 1-D", layer(3, 5, 2).bias(KERNEL), 2, 9);
        add("bias POSITION", layer(8, 16, 3, 3).padding(same()).bias(POSITION), 2, 6, 7);
        add("bias POSITION, 1-D", layer(3, 17, 3).stride(2).bias(POSITION), 3, 16);
        add("bias POSITION, 3-D", layer(3, 8, 2, 2, 2).bias(POSITION), 2, 3, 4, 3);
        add("bias POSITION, 3 groups", layer(9, 15, 3, 3).groups(3).bias(POSITION), 1, 5, 6);
        add("bias POSITION, depthwise", depthwise(16, 3, 3).padding(same()).bias(POSITION), 2, 4, 5);
        add("bias POSITION, batch 0", layer(8, 8, 3, 3).bias(POSITION), 0, 5, 5);
        add(
                "bias under padding alone",
                layer(8, 8, 2, 2).padding(explicit(3, 3, 3, 3)).bias(CHANNEL),
                1,
                2,
                2);
    }

    private void flipped() {
        add("flipped k3", flipped(layer(8, 16, 3, 3)).padding(same()), 1, 5, 6);
        add(
                "flipped k2 x 4",
                flipped(layer(5, 7, 2, 4)).padding(explicit(0, 1, 2, 1)).bias(CHANNEL),
                2,
                5,
                6);
        add("flipped k1", flipped(layer(16, 8, 1, 1)), 1, 4, 4);
        add(
                "flipped, stride 2, dilation 2",
                flipped(layer(3, 16, 3, 2)).stride(2).dilation(2),
                1,
                9,
                8);
        add("flipped, 3 groups", flipped(layer(9, 15, 3, 3)).groups(3).padding(same()), 1, 5, 4);
        add("flipped depthwise 16", flipped(depthwise(16, 3, 3)).padding(same()), 1, 5, 6);
        add("flipped stem", flipped(layer(3, 16, 7, 7)).stride(2).padding(same()), 1, 14, 15);
        add("flipped 1-D", flipped(layer(1, 1, 4)).padding(full()), 1, 13);
        add("flipped 3-D", flipped(layer(4, 8, 2, 3, 2)).padding(sameUpper()).bias(POSITION), 1, 3, 4, 4);
    }

    private static ConvSpec.Builder flipped(ConvSpec.Builder builder) {
        return builder.orientation(CONVOLUTION);
    }

    /** Transposed standard convolution. */
    public static List<ConvCase> transposed() {
        Cases c = new Cases();
        for (int i = 0; i < CHANNELS.length; i++) {
            long in = CHANNELS[i];
            long out = CHANNELS[(i + 5) % CHANNELS.length];
            c.add(
                    "channels " + in + " to " + out,
                    layer(in, out, 4, 4).stride(2).padding(explicit(1, 1, 1, 1)),
                    1,
                    3,
                    4);
        }
        for (long n : new long[] {0, 1, 2, 5}) {
            c.add(
                    "batch " + n,
                    layer(8, 5, 3, 3).stride(2).padding(same()).outputPadding(1).bias(CHANNEL),
                    n,
                    4,
                    3);
        }
        c.transposedSizes();
        c.outputPaddings();
        c.transposedRest();
        return c.cases;
    }

    private void transposedSizes() {
        add("stride 1, k3", layer(8, 16, 3, 3).padding(same()), 1, 4, 5);
        add("k1", layer(17, 8, 1, 1).bias(CHANNEL), 2, 3, 4);
        add("k2 s2", layer(16, 8, 2, 2).stride(2), 1, 4, 5);
        add("k3 s3", layer(5, 7, 3, 3).stride(3), 1, 3, 4);
        add("k5 s2 x 1", layer(3, 8, 5, 5).stride(2, 1).padding(same()), 1, 4, 5);
        add("stride past the kernel", layer(8, 8, 2, 1).stride(3).bias(CHANNEL), 1, 3, 4);
        add("dilation 2", layer(8, 3, 3, 3).dilation(2), 1, 3, 4);
        add("dilation 3, stride 2", layer(5, 8, 2, 3).dilation(3).stride(2).padding(explicit(2, 1, 3, 3)), 1, 4, 3);
        add("full", layer(8, 8, 3, 3).padding(full()), 1, 6, 5);
        add("full, stride 2", layer(3, 8, 2, 2).stride(2).padding(full()), 1, 4, 5);
        add(
                "sameUpper, k4 s2",
                layer(16, 3, 4, 4).stride(2).padding(sameUpper()).bias(CHANNEL),
                1,
                4,
                3);
        add("sameLower, k3 s2", layer(8, 8, 3, 3).stride(2).padding(sameLower()), 2, 4, 3);
        add("sameUpper, k3 s2", layer(8, 8, 3, 3).stride(2).padding(sameUpper()), 2, 4, 3);
        add("sameLower, dilation 2", layer(3, 5, 3, 2).dilation(2).stride(2).padding(sameLower()), 1, 4, 3);
        add("asymmetric", layer(8, 8, 3, 3).stride(2).padding(explicit(0, 2, 1, 0)), 1, 4, 3);
        add("padding past k2", layer(8, 8, 2, 2).padding(explicit(3, 2, 2, 3)), 1, 7, 8);
        add("padding past k2, stride 3", layer(3, 8, 2, 2).stride(3).padding(explicit(4, 1, 0, 5)), 1, 4, 5);
        add("one element from one", layer(1, 1, 1, 1), 1, 1, 1);
        add("one element from many", layer(8, 16, 3, 3).padding(explicit(2, 2, 2, 2)), 1, 3, 3);
    }

    /** Some of these have positions past the last tap, which hold the bias alone. */
    private void outputPaddings() {
        add(
                "output padding 1 of s2",
                layer(8, 16, 3, 3).stride(2).padding(same()).outputPadding(1),
                1,
                4,
                5);
        add(
                "output padding 1 x 0",
                layer(8, 16, 3, 3).stride(2).outputPadding(1, 0).bias(CHANNEL),
                1,
                4,
                5);
        add(
                "output padding 2 of s3 k1",
                layer(16, 8, 1, 1).stride(3).outputPadding(2).bias(CHANNEL),
                2,
                3,
                4);
        add(
                "output padding past s1, d2",
                layer(8, 8, 3, 3).dilation(2).outputPadding(1).bias(CHANNEL),
                1,
                3,
                4);
        add(
                "output padding past s2, d3",
                layer(5, 8, 3, 2).stride(2).dilation(3).outputPadding(2),
                1,
                4,
                3);
        add(
                "output padding 3 past s2, d4",
                layer(8, 5, 2, 2).stride(2).dilation(4).outputPadding(3).bias(CHANNEL),
                1,
                3,
                4);
        add(
                "output padding past s1 x 2, d5",
                layer(16, 16, 2, 2).stride(1, 2).dilation(5).outputPadding(4),
                2,
                4,
                3);
        add(
                "output padding taken from padding",
                layer(8, 8, 3, 3).dilation(3).padding(same()).outputPadding(2),
                1,
                4,
                5);
        add(
                "output padding past it all, 1-D",
                layer(3, 4, 2).dilation(6).outputPadding(5).bias(CHANNEL),
                2,
                5);
        add(
                "output padding past it all, 3-D",
                layer(3, 4, 2, 1, 2).dilation(3, 4, 2).outputPadding(2, 3, 1),
                1,
                2,
                3,
                2);
        add(
                "nothing but bias",
                layer(3, 4, 2)
                        .dilation(6)
                        .padding(explicit(7, 0))
                        .outputPadding(5)
                        .bias(CHANNEL),
                2,
                1);
        add(
                "nothing but bias on one axis",
                layer(8, 5, 2, 3)
                        .dilation(6, 1)
                        .padding(explicit(7, 0, 1, 1))
                        .outputPadding(5, 0)
                        .bias(CHANNEL),
                2,
                1,
                4);
        add(
                "nothing at all",
                layer(3, 8, 2, 2).dilation(6).padding(explicit(7, 0, 7, 0)).outputPadding(5),
                1,
                1,
                1);
        add(
                "output padding, 2 groups",
                layer(8, 6, 2, 2).groups(2).stride(2).outputPadding(1).bias(CHANNEL),
                1,
                3,
                3);
        add("output padding, depthwise", depthwise(16, 3, 3).dilation(2).outputPadding(1), 1, 3, 4);
        add(
                "sameUpper, stride past the span",
                layer(8, 5, 2, 1).stride(3).padding(sameUpper()).bias(CHANNEL),
                1,
                3,
                4);
        add(
                "sameLower, stride past the span",
                layer(8, 5, 2, 1).stride(3).padding(sameLower()).bias(CHANNEL),
                1,
                3,
                4);
        add("sameUpper, k1 s4", layer(3, 16, 1, 1).stride(4).padding(sameUpper()), 1, 3, 2);
    }

    private void transposedRest() {
        add(
                "2 groups",
                layer(16, 8, 4, 4)
                        .groups(2)
                        .stride(2)
                        .padding(explicit(1, 1, 1, 1))
                        .bias(CHANNEL),
                1,
                4,
                3);
        add("3 groups of 5 to 7", layer(15, 21, 3, 3).groups(3).stride(2), 1, 3, 3);
        add("depthwise 17", depthwise(17, 3, 3).stride(2).padding(same()), 1, 4, 5);
        add(
                "depthwise 16",
                depthwise(16, 4, 4).stride(2).padding(explicit(1, 1, 1, 1)).bias(CHANNEL),
                1,
                4,
                3);
        add("depthwise multiplier 2", layer(8, 16, 3, 3).groups(8), 1, 4, 3);
        add("1-D k4 s2", layer(8, 3, 4).stride(2).padding(explicit(1, 1)).bias(CHANNEL), 2, 9);
        add("1-D dilation 3", layer(5, 16, 3).dilation(3), 1, 7);
        add("3-D k2 s2", layer(8, 4, 2, 2, 2).stride(2).bias(CHANNEL), 1, 2, 3, 3);
        add("3-D k3", layer(3, 16, 3, 3, 3).padding(same()), 1, 3, 3, 4);
        add("3-D stride 1 x 2 x 3", layer(4, 4, 1, 3, 2).stride(1, 2, 3).padding(sameUpper()), 1, 3, 3, 2);
        add("flipped k4 s2", flipped(layer(16, 8, 4, 4)).stride(2).padding(explicit(1, 1, 1, 1)), 1, 4, 3);
        add("flipped k2 x 3, bias", flipped(layer(3, 5, 2, 3)).stride(2, 1).bias(CHANNEL), 2, 4, 3);
        add(
                "flipped, past the last tap",
                flipped(layer(8, 8, 3, 2)).dilation(2).outputPadding(1).bias(CHANNEL),
                1,
                3,
                4);
        add("flipped depthwise 8", flipped(depthwise(8, 3, 3)).padding(same()), 1, 4, 4);
        add("flipped 3-D", flipped(layer(3, 4, 2, 3, 2)).stride(2), 1, 2, 3, 2);
    }

    /** Tiled, local and block-wise convolution, alone and mixed. */
    public static List<ConvCase> unshared() {
        Cases c = new Cases();
        c.add("tiled 2", layer(3, 5, 3, 3).sharing(Sharing.tiled(2)).padding(same()), 2, 5, 6);
        c.add("tiled 2 x 3", layer(4, 4, 2, 2).sharing(Sharing.tiled(2, 3)).bias(KERNEL), 1, 6, 7);
        c.add(
                "tiled past the output",
                layer(2, 3, 3, 3).sharing(Sharing.tiled(9)).bias(KERNEL),
                2,
                5,
                6);
        c.add("local", layer(3, 4, 3, 3).sharing(Sharing.local()).padding(same()), 2, 4, 5);
        c.add(
                "local, stride 2, bias POSITION",
                layer(3, 4, 3, 2).sharing(Sharing.local()).stride(2).bias(POSITION),
                2,
                7,
                6);
        c.add("blocks 2", layer(3, 4, 3, 3).sharing(Sharing.blocks(2)).bias(KERNEL), 2, 7, 6);
        c.add("blocks past the output", layer(3, 2, 2, 2).sharing(Sharing.blocks(10)), 1, 4, 5);
        c.add(
                "local x shared",
                layer(3, 4, 3, 3).sharing(mixed(1, AxisSharing.Kind.LOCAL, AxisSharing.Kind.SHARED)),
                2,
                5,
                6);
        c.add(
                "shared x tiled",
                layer(3, 4, 2, 3)
                        .sharing(mixed(2, AxisSharing.Kind.SHARED, AxisSharing.Kind.TILED))
                        .bias(KERNEL),
                1,
                5,
                7);
        c.add(
                "blocks x local",
                layer(3, 4, 2, 3)
                        .sharing(mixed(3, AxisSharing.Kind.BLOCKS, AxisSharing.Kind.LOCAL))
                        .bias(CHANNEL),
                2,
                6,
                5);
        c.add(
                "tiled, groups, dilation",
                layer(6, 4, 3, 2).sharing(Sharing.tiled(2)).groups(2).dilation(2),
                1,
                8,
                6);
        c.add("local depthwise", depthwise(5, 3, 3).sharing(Sharing.local()).padding(explicit(1, 0, 2, 1)), 1, 4, 5);
        c.add(
                "local flipped",
                flipped(layer(2, 3, 2, 3)).sharing(Sharing.local()).padding(full()),
                1,
                3,
                4);
        c.add("tiled 1-D", layer(3, 4, 3).sharing(Sharing.tiled(3)).bias(KERNEL), 2, 11);
        c.add("local 3-D", layer(2, 3, 2, 2, 2).sharing(Sharing.local()).bias(KERNEL), 1, 3, 4, 3);
        c.add(
                "mixed 3-D",
                layer(2, 3, 2, 2, 2)
                        .sharing(mixed(2, AxisSharing.Kind.TILED, AxisSharing.Kind.SHARED, AxisSharing.Kind.BLOCKS))
                        .bias(KERNEL),
                2,
                4,
                3,
                5);
        return c.cases;
    }

    private static Sharing mixed(long size, AxisSharing.Kind... kinds) {
        AxisSharing[] axes = new AxisSharing[kinds.length];
        for (int i = 0; i < kinds.length; i++) {
            boolean sized = kinds[i] == AxisSharing.Kind.TILED || kinds[i] == AxisSharing.Kind.BLOCKS;
            axes[i] = new AxisSharing(kinds[i], sized ? size : 1);
        }
        return Sharing.perAxis(axes);
    }
}
