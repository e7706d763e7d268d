package io.conv4j.reference;

import static io.conv4j.spec.AxisSharing.Kind.BLOCKS;
import static io.conv4j.spec.AxisSharing.Kind.LOCAL;
import static io.conv4j.spec.AxisSharing.Kind.SHARED;
import static io.conv4j.spec.AxisSharing.Kind.TILED;
import static io.conv4j.spec.BiasMode.CHANNEL;
import static io.conv4j.spec.BiasMode.KERNEL;
import static io.conv4j.spec.BiasMode.POSITION;
import static io.conv4j.spec.Orientation.CONVOLUTION;
import static io.conv4j.spec.Padding.explicit;
import static io.conv4j.spec.Padding.full;
import static io.conv4j.spec.Padding.same;
import static io.conv4j.spec.Padding.sameLower;
import static io.conv4j.spec.Padding.sameUpper;
import static io.conv4j.spec.Sharing.blocks;
import static io.conv4j.spec.Sharing.local;
import static io.conv4j.spec.Sharing.tiled;

import io.conv4j.spec.AxisSharing;
import io.conv4j.spec.AxisSharing.Kind;
import io.conv4j.spec.ConvSpec;
import io.conv4j.spec.Shape;
import io.conv4j.spec.Sharing;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;

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

    /** A layer over n images of these spatial sizes. */
    private void add(ConvSpec.Builder layer, String name, long n, long... spatial) {
        ConvSpec spec = layer.build();
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
        c.manyChannels();
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
            add(layer(in, out, 3, 3).padding(same()), "channels " + in + " to " + out, 2, 5, 6);
            add(layer(in, in, 1, 1), "1x1, channels " + in + " to " + in, 1, 4, 5);
        }
        for (long width : WIDTHS) {
            add(layer(8, 16, 3, 3).padding(same()), "width " + width, 1, 5, width);
            add(layer(3, 5, 2, 3).padding(sameUpper()), "height " + width, 1, width, 4);
        }
        for (long n : new long[] {0, 1, 2, 3, 5}) {
            add(layer(16, 8, 3, 3).padding(same()), "batch " + n, n, 6, 6);
            add(layer(3, 7, 2, 2).stride(2).bias(CHANNEL), "batch " + n + ", C3 k2 s2", n, 6, 5);
        }
        add(layer(1, 1, 1, 1), "one element", 1, 1, 1);
        add(layer(3, 16, 7, 7).stride(2).padding(explicit(3, 3, 3, 3)), "stem C3 k7 s2", 1, 21, 22);
        add(layer(1, 6, 5, 5).bias(CHANNEL), "stem C1 k5", 2, 14, 14);
        add(layer(4, 8, 11, 11).stride(4).padding(explicit(2, 2, 2, 2)), "stem C4 k11 s4", 1, 27, 27);
        add(layer(32, 32, 3, 3).padding(same()), "square of 32", 1, 14, 14);
    }

    /** On AVX2 their weights are in panels, whose gradients own kernels compute. */
    private void manyChannels() {
        add(layer(66, 100, 3, 3).padding(same()), "66 to 100", 2, 5, 6);
        add(layer(100, 65, 3, 3).stride(2).padding(explicit(0, 2, 1, 0)).bias(CHANNEL), "100 to 65, stride 2", 3, 6, 7);
        add(layer(70, 90, 3, 3), "70 to 90, one position", 2, 3, 3);
        add(layer(64, 128, 3, 3).padding(same()), "64 to 128, one image", 1, 9, 8);
        add(layer(33, 40, 3, 3).padding(same()), "33 to 40, 16 images", 16, 12, 12);
        add(flipped(layer(72, 150, 3, 3).padding(same())), "72 to 150, flipped", 2, 4, 7);
    }

    private void stridesAndDilations() {
        add(layer(8, 8, 3, 3).stride(2).padding(same()), "stride 2", 2, 9, 10);
        add(layer(5, 16, 3, 3).stride(3), "stride 3", 1, 10, 12);
        add(layer(16, 7, 3, 3).stride(2, 1).padding(same()), "stride 2 x 1", 1, 8, 7);
        add(layer(16, 16, 2, 4).stride(1, 3), "stride 1 x 3", 1, 5, 13);
        add(layer(3, 4, 3, 3).stride(2), "stride 2 leaves a column out", 2, 8, 8);
        add(layer(16, 32, 1, 1).stride(2), "stride 2 past k1", 1, 7, 8);
        add(layer(7, 9, 2, 2).stride(3), "stride 3 past k2", 1, 11, 10);
        add(layer(8, 8, 1, 3).stride(5).padding(same()), "stride 5 past k1 x 3", 1, 12, 16);
        add(layer(3, 8, 2, 2).stride(9), "stride past the source", 1, 5, 6);
        add(layer(9, 20, 3).stride(Integer.MAX_VALUE), "stride past everything", 2, 13);
        add(layer(8, 16, 3, 3).dilation(2), "dilation 2", 1, 8, 9);
        add(layer(3, 5, 3, 3).dilation(3).padding(same()), "dilation 3", 1, 8, 9);
        add(layer(16, 8, 3, 3).dilation(1, 2).padding(same()), "dilation 1 x 2", 1, 6, 9);
        add(layer(8, 8, 3, 3).dilation(2).stride(2).padding(same()), "dilation 2, stride 2", 2, 9, 10);
        add(
                layer(5, 7, 3, 2).dilation(3).stride(2).padding(explicit(1, 4, 0, 2)),
                "dilation 3, stride 2, asymmetric",
                1,
                9,
                8);
        add(layer(3, 3, 1, 1).dilation(4), "dilation of a single tap", 1, 4, 5);
        add(layer(8, 8, 1).dilation(Integer.MAX_VALUE), "dilation past everything", 1, 9);
        add(layer(8, 8, 2, 2).dilation(6).padding(explicit(3, 3, 3, 3)), "dilation wider than the source", 1, 4, 5);
    }

    private void paddings() {
        add(layer(8, 8, 2, 4), "valid, even kernel", 1, 6, 7);
        add(layer(8, 16, 5, 5).padding(same()), "same, k5", 1, 7, 8);
        add(layer(3, 8, 5, 3).padding(same()).stride(3), "same, stride 3", 1, 10, 11);
        add(layer(8, 5, 2, 2).padding(sameUpper()), "sameUpper, k2", 1, 5, 6);
        add(layer(8, 5, 2, 2).padding(sameLower()), "sameLower, k2", 1, 5, 6);
        add(layer(3, 16, 4, 4).padding(sameUpper()).stride(2), "sameUpper, k4 s2", 1, 9, 8);
        add(layer(3, 16, 4, 4).padding(sameLower()).stride(2), "sameLower, k4 s2", 1, 9, 8);
        add(layer(4, 8, 2, 1).padding(sameUpper()).stride(3), "sameUpper, stride past the kernel", 1, 8, 7);
        add(layer(4, 8, 2, 1).padding(sameLower()).stride(3), "sameLower, stride past the kernel", 1, 8, 7);
        add(layer(8, 8, 2, 3).padding(sameUpper()).dilation(2), "sameUpper, dilation 2", 1, 6, 7);
        add(layer(8, 8, 3, 3).padding(full()), "full, k3", 1, 4, 5);
        add(layer(3, 7, 2, 2).padding(full()).stride(2), "full, k2 s2", 1, 5, 6);
        add(layer(5, 8, 3, 2).padding(full()).dilation(2), "full, dilation 2", 1, 4, 5);
        add(layer(8, 8, 3, 3).padding(explicit(2, 0, 1, 0)), "asymmetric, begin only", 1, 5, 6);
        add(layer(8, 8, 3, 3).padding(explicit(0, 2, 0, 1)), "asymmetric, end only", 1, 5, 6);
        add(layer(3, 17, 5, 5).padding(explicit(1, 2, 3, 4)).stride(2), "asymmetric, all four, k5 s2", 2, 8, 9);
        add(layer(8, 8, 1, 1).padding(explicit(2, 1, 1, 2)), "padding past k1", 1, 3, 4);
        add(layer(5, 16, 2, 2).padding(explicit(3, 4, 5, 3)), "padding past k2", 1, 4, 3);
        add(layer(16, 16, 3, 3).padding(explicit(4, 4, 5, 5)), "padding past k3", 1, 4, 3);
        add(layer(16, 8, 3, 3).padding(explicit(5, 4, 4, 5)).stride(2), "padding past k3, stride 2", 1, 4, 5);
        add(
                layer(16, 12, 5).padding(explicit(16, 13)).stride(3).dilation(4),
                "1-D, padding 16, stride 3, dilation 4",
                2,
                83);
        add(
                layer(1, 16, 5).padding(explicit(16, 10)).stride(2).dilation(4),
                "1-D, padding 16, stride 2, dilation 4",
                3,
                56);
        add(layer(8, 8, 5, 5).padding(explicit(1, 1, 2, 1)), "kernel larger than the source", 1, 3, 3);
        add(layer(3, 8, 7, 9).padding(same()), "kernel much larger than the source", 1, 3, 2);
        add(layer(17, 16, 5, 4), "kernel as large as the source", 2, 5, 4);
        add(layer(8, 15, 6, 5).padding(explicit(1, 1, 0, 1)), "kernel as large as the padded source", 2, 4, 4);
        add(
                layer(16, 8, 6, 6).padding(explicit(3, 2, 2, 3)).stride(2),
                "kernel larger than the source, stride 2",
                1,
                4,
                4);
    }

    private void groups() {
        add(layer(16, 16, 3, 3).groups(2).padding(same()), "2 groups of 8", 1, 5, 6);
        add(layer(9, 6, 3, 3).groups(3), "3 groups of 3 to 2", 1, 6, 5);
        add(layer(15, 21, 3, 2).groups(3).stride(2).bias(CHANNEL), "3 groups of 5 to 7", 2, 7, 6);
        add(layer(64, 64, 1, 1).groups(4), "4 groups of 16", 1, 4, 4);
        add(layer(34, 32, 2, 2).groups(2), "2 groups of 17 to 16", 1, 4, 5);
        add(layer(10, 5, 3, 3).groups(5).dilation(2).padding(same()), "5 groups, dilation 2", 1, 6, 7);
        for (long channels : new long[] {1, 3, 8, 16, 17, 33}) {
            add(depthwise(channels, 3, 3).padding(same()), "depthwise " + channels, 2, 5, 6);
        }
        add(depthwise(16, 3, 3).stride(2).padding(same()).bias(CHANNEL), "depthwise 16, stride 2, bias", 1, 9, 8);
        add(depthwise(8, 3, 3).dilation(2).padding(same()), "depthwise 8, dilation 2", 1, 7, 7);
        add(depthwise(24, 5, 4).padding(explicit(0, 3, 2, 1)), "depthwise 24, k5 asymmetric", 1, 6, 6);
        add(layer(8, 16, 3, 3).groups(8).padding(same()), "depthwise multiplier 2", 1, 5, 6);
        add(layer(5, 15, 3, 3).groups(5).stride(2).bias(CHANNEL), "depthwise multiplier 3", 2, 7, 6);
        add(layer(16, 8, 3, 3).groups(8).padding(same()), "depthwise divisor 2", 1, 5, 6);
    }

    private void otherRanks() {
        add(layer(8, 16, 3).padding(same()), "1-D k3", 2, 17);
        add(layer(17, 5, 1), "1-D k1", 3, 15);
        add(layer(3, 8, 7).stride(3).padding(sameUpper()), "1-D k7 s3", 1, 40);
        add(layer(5, 7, 2).dilation(4).bias(CHANNEL), "1-D dilation 4", 2, 31);
        add(layer(9, 15, 4).groups(3).padding(explicit(3, 1)), "1-D 3 groups", 1, 16);
        add(depthwise(33, 5).padding(same()), "1-D depthwise 33", 1, 14);
        add(layer(1, 2, 9).padding(full()), "1-D long", 1, 300);
        add(layer(3, 5, 3, 3, 3).padding(same()), "3-D k3", 1, 4, 5, 6);
        add(layer(16, 16, 3, 3, 3), "3-D 16 to 16", 1, 4, 4, 5);
        add(layer(8, 17, 1, 1, 1), "3-D k1", 2, 2, 3, 4);
        add(layer(8, 8, 1, 3, 3).padding(same()).bias(CHANNEL), "3-D k1 x 3 x 3", 2, 3, 4, 5);
        add(layer(4, 8, 2, 3, 3).stride(1, 2, 3), "3-D stride 1 x 2 x 3", 1, 4, 7, 8);
        add(layer(3, 8, 2, 2, 2).dilation(2, 1, 2).padding(sameLower()), "3-D dilation 2 x 1 x 2", 1, 4, 5, 4);
        add(layer(8, 3, 2, 3, 2).padding(explicit(1, 0, 2, 1, 0, 3)), "3-D asymmetric", 1, 3, 4, 5);
        add(layer(6, 10, 2, 2, 2).groups(2).stride(2), "3-D 2 groups", 1, 4, 4, 4);
        add(depthwise(16, 3, 3, 3).padding(same()), "3-D depthwise 16", 1, 3, 4, 5);
        add(layer(24, 32, 5, 1, 3).stride(3, 1, 2).padding(full()), "3-D depth padded past stride", 2, 5, 2, 6);
        add(layer(24, 32, 6, 1, 3).padding(explicit(5, 1, 0, 0, 1, 1)), "3-D depth shorter than k6", 2, 2, 3, 5);
    }

    private void biases() {
        add(layer(16, 32, 3, 3).padding(same()).bias(CHANNEL), "bias CHANNEL", 2, 6, 7);
        add(layer(5, 17, 3, 3).bias(CHANNEL), "bias CHANNEL, 17 channels", 3, 6, 5);
        add(layer(5, 8, 3, 3).bias(CHANNEL), "bias CHANNEL, batch 0", 0, 5, 5);
        add(layer(8, 16, 3, 3).padding(same()).bias(KERNEL), "bias KERNEL", 2, 6, 7);
        add(layer(3, 5, 2).bias(KERNEL), "bias KERNEL, 1-D", 2, 9);
        add(layer(8, 16, 3, 3).padding(same()).bias(POSITION), "bias POSITION", 2, 6, 7);
        add(layer(3, 17, 3).stride(2).bias(POSITION), "bias POSITION, 1-D", 3, 16);
        add(layer(3, 8, 2, 2, 2).bias(POSITION), "bias POSITION, 3-D", 2, 3, 4, 3);
        add(layer(9, 15, 3, 3).groups(3).bias(POSITION), "bias POSITION, 3 groups", 1, 5, 6);
        add(depthwise(16, 3, 3).padding(same()).bias(POSITION), "bias POSITION, depthwise", 2, 4, 5);
        add(layer(8, 8, 3, 3).bias(POSITION), "bias POSITION, batch 0", 0, 5, 5);
        add(layer(8, 8, 2, 2).padding(explicit(3, 3, 3, 3)).bias(CHANNEL), "bias under padding alone", 1, 2, 2);
    }

    private void flipped() {
        add(flipped(layer(8, 16, 3, 3)).padding(same()), "flipped k3", 1, 5, 6);
        add(flipped(layer(5, 7, 2, 4)).padding(explicit(0, 1, 2, 1)).bias(CHANNEL), "flipped k2 x 4", 2, 5, 6);
        add(flipped(layer(16, 8, 1, 1)), "flipped k1", 1, 4, 4);
        add(flipped(layer(3, 16, 3, 2)).stride(2).dilation(2), "flipped, stride 2, dilation 2", 1, 9, 8);
        add(flipped(layer(9, 15, 3, 3)).groups(3).padding(same()), "flipped, 3 groups", 1, 5, 4);
        add(flipped(depthwise(16, 3, 3)).padding(same()), "flipped depthwise 16", 1, 5, 6);
        add(flipped(layer(3, 16, 7, 7)).stride(2).padding(same()), "flipped stem", 1, 14, 15);
        add(flipped(layer(1, 1, 4)).padding(full()), "flipped 1-D", 1, 13);
        add(flipped(layer(4, 8, 2, 3, 2)).padding(sameUpper()).bias(POSITION), "flipped 3-D", 1, 3, 4, 4);
    }

    private static ConvSpec.Builder flipped(ConvSpec.Builder builder) {
        return builder.orientation(CONVOLUTION);
    }

    /** These layers with every sharing: each tiled, local, and in one of some odder ways. */
    public static List<ConvCase> withSharings(List<ConvCase> shared) {
        List<ConvCase> cases = new ArrayList<>();
        for (int i = 0; i < shared.size(); i++) {
            ConvCase c = shared.get(i);
            for (Sharing sharing : List.of(Sharing.tiled(2), Sharing.local(), oddSharing(i, c))) {
                ConvSpec spec = ConvCase.copy(c.spec()).sharing(sharing).build();
                cases.add(new ConvCase(sharing + ", " + c.name(), spec, c.source()));
            }
        }
        return cases;
    }

    /** Every so many of these, for what hardly depends on the layer. */
    public static <T> List<T> some(List<T> cases) {
        return IntStream.iterate(0, i -> i < cases.size(), i -> i + 7)
                .mapToObj(cases::get)
                .toList();
    }

    private static Sharing oddSharing(int i, ConvCase c) {
        int axes = c.spec().axes();
        AxisSharing[] mixed = {
            new AxisSharing(AxisSharing.Kind.LOCAL, 1),
            new AxisSharing(AxisSharing.Kind.SHARED, 1),
            new AxisSharing(AxisSharing.Kind.BLOCKS, 2),
            new AxisSharing(AxisSharing.Kind.TILED, 3)
        };
        int first = i / 6;
        return switch (i % 6) {
            case 0 -> Sharing.blocks(2);
            case 1 -> Sharing.tiled(3);
            case 2 -> Sharing.blocks(3);
            case 3 ->
                Sharing.perAxis(IntStream.range(0, axes)
                        // Past the output on one axis: some kernels are never used.
                        .mapToObj(axis -> new AxisSharing(
                                AxisSharing.Kind.TILED, axis == 0 ? c.source().size(2) + 9 : 2))
                        .toArray(AxisSharing[]::new));
            default ->
                Sharing.perAxis(IntStream.range(0, axes)
                        .mapToObj(axis -> mixed[(first + axis) % mixed.length])
                        .toArray(AxisSharing[]::new));
        };
    }

    /** Transposed standard convolution. */
    public static List<ConvCase> transposed() {
        Cases c = new Cases();
        for (int i = 0; i < CHANNELS.length; i++) {
            long in = CHANNELS[i];
            long out = CHANNELS[(i + 5) % CHANNELS.length];
            c.add(
                    layer(in, out, 4, 4).stride(2).padding(explicit(1, 1, 1, 1)),
                    "channels " + in + " to " + out,
                    1,
                    3,
                    4);
        }
        for (long n : new long[] {0, 1, 2, 5}) {
            c.add(layer(8, 5, 3, 3).stride(2).padding(same()).outputPadding(1).bias(CHANNEL), "batch " + n, n, 4, 3);
        }
        c.add(layer(1, 18, 3, 3).padding(same()), "batch 7, 1 to 18", 7, 4, 3);
        c.add(layer(5, 1, 1, 1).stride(1, 2).outputPadding(0, 1), "k1, stride 1 x 2, 5 to 1", 5, 2, 11);
        c.add(layer(6, 18, 1).stride(3).dilation(5).outputPadding(4), "1-D k1, past the last tap", 2, 3);
        c.add(layer(16, 16, 1, 1).stride(2).dilation(9).outputPadding(8), "k1, past the last tap", 3, 6, 6);
        c.transposedSizes();
        c.outputPaddings();
        c.transposedRest();
        return c.cases;
    }

    private void transposedSizes() {
        add(layer(8, 16, 3, 3).padding(same()), "stride 1, k3", 1, 4, 5);
        add(layer(17, 8, 1, 1).bias(CHANNEL), "k1", 2, 3, 4);
        add(layer(16, 8, 2, 2).stride(2), "k2 s2", 1, 4, 5);
        add(layer(5, 7, 3, 3).stride(3), "k3 s3", 1, 3, 4);
        add(layer(3, 8, 5, 5).stride(2, 1).padding(same()), "k5 s2 x 1", 1, 4, 5);
        add(layer(8, 8, 2, 1).stride(3).bias(CHANNEL), "stride past the kernel", 1, 3, 4);
        add(layer(9, 20, 3).stride(Integer.MAX_VALUE), "stride past everything", 2, 1);
        add(layer(8, 3, 3, 3).dilation(2), "dilation 2", 1, 3, 4);
        add(layer(5, 8, 2, 3).dilation(3).stride(2).padding(explicit(2, 1, 3, 3)), "dilation 3, stride 2", 1, 4, 3);
        add(layer(8, 8, 3, 3).padding(full()), "full", 1, 6, 5);
        add(layer(3, 8, 2, 2).stride(2).padding(full()), "full, stride 2", 1, 4, 5);
        add(layer(16, 3, 4, 4).stride(2).padding(sameUpper()).bias(CHANNEL), "sameUpper, k4 s2", 1, 4, 3);
        add(layer(8, 8, 3, 3).stride(2).padding(sameLower()), "sameLower, k3 s2", 2, 4, 3);
        add(layer(8, 8, 3, 3).stride(2).padding(sameUpper()), "sameUpper, k3 s2", 2, 4, 3);
        add(layer(3, 5, 3, 2).dilation(2).stride(2).padding(sameLower()), "sameLower, dilation 2", 1, 4, 3);
        add(layer(8, 8, 3, 3).stride(2).padding(explicit(0, 2, 1, 0)), "asymmetric", 1, 4, 3);
        add(layer(8, 8, 2, 2).padding(explicit(3, 2, 2, 3)), "padding past k2", 1, 7, 8);
        add(layer(3, 8, 2, 2).stride(3).padding(explicit(4, 1, 0, 5)), "padding past k2, stride 3", 1, 4, 5);
        add(layer(1, 1, 1, 1), "one element from one", 1, 1, 1);
        add(layer(8, 16, 3, 3).padding(explicit(2, 2, 2, 2)), "one element from many", 1, 3, 3);
    }

    /** Some of these have positions past the last tap, which hold the bias alone. */
    private void outputPaddings() {
        add(layer(8, 16, 3, 3).stride(2).padding(same()).outputPadding(1), "output padding 1 of s2", 1, 4, 5);
        add(layer(8, 16, 3, 3).stride(2).outputPadding(1, 0).bias(CHANNEL), "output padding 1 x 0", 1, 4, 5);
        add(layer(16, 8, 1, 1).stride(3).outputPadding(2).bias(CHANNEL), "output padding 2 of s3 k1", 2, 3, 4);
        add(layer(8, 8, 3, 3).dilation(2).outputPadding(1).bias(CHANNEL), "output padding past s1, d2", 1, 3, 4);
        add(layer(5, 8, 3, 2).stride(2).dilation(3).outputPadding(2), "output padding past s2, d3", 1, 4, 3);
        add(
                layer(8, 5, 2, 2).stride(2).dilation(4).outputPadding(3).bias(CHANNEL),
                "output padding 3 past s2, d4",
                1,
                3,
                4);
        add(layer(16, 16, 2, 2).stride(1, 2).dilation(5).outputPadding(4), "output padding past s1 x 2, d5", 2, 4, 3);
        add(
                layer(8, 8, 3, 3).dilation(3).padding(same()).outputPadding(2),
                "output padding taken from padding",
                1,
                4,
                5);
        add(layer(3, 4, 2).dilation(6).outputPadding(5).bias(CHANNEL), "output padding past it all, 1-D", 2, 5);
        add(
                layer(3, 4, 2, 1, 2).dilation(3, 4, 2).outputPadding(2, 3, 1),
                "output padding past it all, 3-D",
                1,
                2,
                3,
                2);
        add(
                layer(3, 4, 2)
                        .dilation(6)
                        .padding(explicit(7, 0))
                        .outputPadding(5)
                        .bias(CHANNEL),
                "nothing but bias",
                2,
                1);
        add(
                layer(8, 5, 2, 3)
                        .dilation(6, 1)
                        .padding(explicit(7, 0, 1, 1))
                        .outputPadding(5, 0)
                        .bias(CHANNEL),
                "nothing but bias on one axis",
                2,
                1,
                4);
        add(layer(3, 8, 2, 2).dilation(6).padding(explicit(7, 0, 7, 0)).outputPadding(5), "nothing at all", 1, 1, 1);
        add(layer(8, 6, 2, 2).groups(2).stride(2).outputPadding(1).bias(CHANNEL), "output padding, 2 groups", 1, 3, 3);
        add(depthwise(16, 3, 3).dilation(2).outputPadding(1), "output padding, depthwise", 1, 3, 4);
        add(layer(8, 5, 2, 1).stride(3).padding(sameUpper()).bias(CHANNEL), "sameUpper, stride past the span", 1, 3, 4);
        add(layer(8, 5, 2, 1).stride(3).padding(sameLower()).bias(CHANNEL), "sameLower, stride past the span", 1, 3, 4);
        add(layer(3, 16, 1, 1).stride(4).padding(sameUpper()), "sameUpper, k1 s4", 1, 3, 2);
    }

    private void transposedRest() {
        add(layer(40, 24, 4, 4).stride(2).padding(explicit(1, 1, 1, 1)), "40 to 24, k4 s2", 2, 4, 5);
        add(flipped(layer(70, 20, 3, 3)).stride(2).padding(same()).bias(CHANNEL), "flipped, 70 to 20, k3 s2", 3, 3, 4);
        add(layer(48, 33, 4).stride(2).padding(explicit(1, 1)), "1-D, 48 to 33, k4 s2", 2, 19);
        add(layer(32, 17, 2, 2, 2).stride(2), "3-D, 32 to 17, k2 s2", 1, 2, 3, 3);
        add(layer(16, 8, 4, 4).groups(2).stride(2).padding(explicit(1, 1, 1, 1)).bias(CHANNEL), "2 groups", 1, 4, 3);
        add(layer(15, 21, 3, 3).groups(3).stride(2), "3 groups of 5 to 7", 1, 3, 3);
        add(depthwise(17, 3, 3).stride(2).padding(same()), "depthwise 17", 1, 4, 5);
        add(depthwise(16, 4, 4).stride(2).padding(explicit(1, 1, 1, 1)).bias(CHANNEL), "depthwise 16", 1, 4, 3);
        add(layer(8, 16, 3, 3).groups(8), "depthwise multiplier 2", 1, 4, 3);
        add(layer(8, 3, 4).stride(2).padding(explicit(1, 1)).bias(CHANNEL), "1-D k4 s2", 2, 9);
        add(layer(5, 16, 3).dilation(3), "1-D dilation 3", 1, 7);
        add(layer(8, 4, 2, 2, 2).stride(2).bias(CHANNEL), "3-D k2 s2", 1, 2, 3, 3);
        add(layer(3, 16, 3, 3, 3).padding(same()), "3-D k3", 1, 3, 3, 4);
        add(layer(4, 4, 1, 3, 2).stride(1, 2, 3).padding(sameUpper()), "3-D stride 1 x 2 x 3", 1, 3, 3, 2);
        add(flipped(layer(16, 8, 4, 4)).stride(2).padding(explicit(1, 1, 1, 1)), "flipped k4 s2", 1, 4, 3);
        add(flipped(layer(3, 5, 2, 3)).stride(2, 1).bias(CHANNEL), "flipped k2 x 3, bias", 2, 4, 3);
        add(
                flipped(layer(8, 8, 3, 2)).dilation(2).outputPadding(1).bias(CHANNEL),
                "flipped, past the last tap",
                1,
                3,
                4);
        add(flipped(depthwise(8, 3, 3)).padding(same()), "flipped depthwise 8", 1, 4, 4);
        add(flipped(layer(3, 4, 2, 3, 2)).stride(2), "flipped 3-D", 1, 2, 3, 2);
    }

    /** Tiled, local and block-wise convolution, alone and mixed. */
    public static List<ConvCase> unshared() {
        Cases c = new Cases();
        c.add(layer(3, 5, 3, 3).sharing(tiled(2)).padding(same()), "tiled 2", 2, 5, 6);
        c.add(layer(4, 4, 2, 2).sharing(tiled(2, 3)).bias(KERNEL), "tiled 2 x 3", 1, 6, 7);
        c.add(layer(2, 3, 3, 3).sharing(tiled(9)).bias(KERNEL), "tiled past the output", 2, 5, 6);
        c.add(layer(16, 33, 3, 3).sharing(tiled(3)).padding(same()), "tiled 3, 16 to 33", 2, 7, 8);
        c.add(layer(9, 150, 3, 2).sharing(tiled(2)).padding(sameLower()), "tiled 2, 9 to 150", 2, 6, 7);
        c.add(layer(6, 4, 3, 2).sharing(tiled(2)).groups(2).dilation(2), "tiled, groups, dilation", 1, 8, 6);
        c.add(depthwise(17, 3, 3).sharing(tiled(2)).padding(same()), "tiled depthwise 17", 2, 6, 5);
        c.add(depthwise(17, 3, 3).sharing(tiled(2)).padding(explicit(1, 0, 2, 1)), "tiled depthwise, lines", 3, 63, 65);
        c.add(depthwise(9, 5, 5).sharing(tiled(2)).padding(same()), "tiled depthwise, 25 taps", 1, 7, 31);
        c.add(depthwise(5, 3).sharing(tiled(3)).padding(same()), "1-D tiled depthwise, long", 1, 217);
        c.add(
                layer(6, 9, 3, 2).groups(3).sharing(tiled(2, 1)).dilation(2).stride(1, 2),
                "tiled lines of groups of few channels",
                3,
                46,
                61);
        c.add(layer(3, 4, 3).sharing(tiled(3)).bias(KERNEL), "tiled 1-D", 2, 11);
        c.add(layer(5, 8, 2, 1).sharing(tiled(2)).stride(3), "tiled, stride past the kernel", 1, 11, 10);
        c.add(layer(3, 5, 3, 3).sharing(tiled(2)).bias(KERNEL), "tiled, batch 0", 0, 5, 6);
        c.add(
                flipped(layer(12, 12, 5))
                        .groups(4)
                        .sharing(local())
                        .stride(2)
                        .dilation(2)
                        .padding(full()),
                "local groups of 3, runs of one position and of several",
                3,
                34);
        c.add(layer(11, 32, 3, 3).sharing(tiled(1)), "tiled 1, 2116 positions of a kernel", 1, 48, 48);
        c.add(layer(3, 5, 3, 3).sharing(tiled(2)).padding(same()), "tiled 2, 2116 positions of a kernel", 1, 92, 92);
        c.add(layer(12, 32, 2, 1, 3).sharing(tiled(1, 2, 1)), "tiled 3-D, 4200 positions of a kernel", 5, 11, 13, 16);
        c.add(layer(40, 1, 3, 3).sharing(tiled(2)).padding(same()).bias(CHANNEL), "tiled 2, one output", 2, 7, 31);
        c.add(
                layer(17, 1, 4, 5).sharing(tiled(1, 3)).padding(explicit(2, 0, 1, 3)),
                "tiled 1 x 3, one output",
                1,
                6,
                41);
        c.add(layer(1, 23, 3, 3).sharing(tiled(2)), "tiled 2, one input", 2, 7, 31);
        c.add(layer(1, 16, 2, 6).sharing(tiled(3, 4)).padding(full()).stride(2, 1), "tiled 3 x 4, one input", 1, 9, 29);
        c.add(layer(9, 5, 3, 3).sharing(tiled(2)).dilation(2).stride(3), "tiled 2, dilation 2, stride 3", 8, 22, 25);
        c.add(
                layer(8, 16, 5, 4).sharing(tiled(3)).stride(2).padding(explicit(2, 2, 1, 2)),
                "tiled 3, k5 x 4, stride 2",
                6,
                19,
                22);
        c.add(
                layer(8, 7, 4, 6).sharing(tiled(2)).dilation(4, 2).stride(2).padding(explicit(3, 6, 5, 4)),
                "tiled 2, in 2s",
                9,
                21,
                23);
        c.add(layer(33, 7, 3, 3).sharing(tiled(2)).padding(same()).bias(CHANNEL), "tiled 2, 33 to 7", 1, 46, 25);
        c.add(layer(19, 17, 3, 3).sharing(tiled(2, 1)).bias(POSITION), "tiled 2 x 1, 19 to 17", 3, 16, 15);
        c.add(
                flipped(layer(16, 6, 4, 2)).sharing(tiled(2)).dilation(2, 3).padding(explicit(1, 2, 0, 1)),
                "tiled 2, flipped, 16 to 6, dilation 2 x 3",
                4,
                26,
                17);
        c.add(layer(6, 16, 4, 2).sharing(tiled(1)).dilation(2, 1), "tiled 1, 6 to 16, dilation 2 x 1", 1, 15, 15);
        c.add(
                layer(5, 32, 3, 3).sharing(tiled(1, 3)).stride(3, 2).padding(explicit(2, 0, 1, 3)),
                "tiled 1 x 3, 5 to 32, stride 3 x 2",
                1,
                29,
                41);
        c.add(layer(17, 3, 3, 3, 3).sharing(tiled(2, 1, 2)).stride(2, 1, 1), "tiled 3-D, 17 to 3", 4, 7, 9, 22);
        c.add(
                layer(32, 10, 3, 3).sharing(tiled(1, 2)).groups(2).padding(sameUpper()),
                "tiled 1 x 2, 2 groups, 16 to 5",
                3,
                12,
                17);
        c.add(layer(16, 7, 9).sharing(tiled(2)).padding(same()), "tiled 1-D, 2500 positions", 1, 2500);
        c.add(
                layer(12, 16, 3, 2).sharing(tiled(2)).stride(1, 2).padding(explicit(2, 0, 1, 3)),
                "tiled 2, 12 to 16, stride 1 x 2",
                4,
                14,
                27);
        c.add(
                flipped(layer(13, 80, 2, 3)).sharing(tiled(2, 3)).dilation(2, 3).padding(full()),
                "tiled 2 x 3, flipped, 13 to 80, dilation 2 x 3",
                2,
                13,
                21);
        c.add(layer(66, 32, 3, 2).groups(2).sharing(tiled(2)).padding(sameLower()), "tiled, 33 to 16", 3, 14, 13);
        c.add(layer(12, 16, 2, 2).sharing(tiled(2)).padding(sameUpper()), "tiled 2, two images of 12100", 2, 110, 110);
        c.add(layer(12, 16, 9).sharing(tiled(2)).padding(same()), "tiled 1-D, 12 to 16, 1100 positions", 1, 1100);
        c.add(
                layer(12, 32, 2, 1, 3)
                        .sharing(tiled(2, 1, 3))
                        .stride(2, 1, 1)
                        .dilation(1, 1, 2)
                        .padding(sameUpper()),
                "tiled 3-D, 12 to 32",
                3,
                7,
                5,
                23);
        c.add(layer(12, 16, 2, 3).sharing(tiled(9, 1)), "tiled 9 x 1, past the output, 12 to 16", 9, 5, 16);
        c.add(layer(150, 80, 3, 3).sharing(tiled(2)).padding(same()), "tiled 2, 150 to 80", 2, 11, 14);
        c.add(
                layer(12, 73, 3, 3).sharing(tiled(2)).padding(same()).bias(KERNEL),
                "tiled 2, 12 to 73, 9 images",
                9,
                5,
                5);
        c.add(layer(60, 220, 3, 3).sharing(tiled(2)).padding(same()), "tiled 2, 60 to 220", 2, 7, 15);
        c.add(layer(60, 220, 3, 3).sharing(tiled(2)).stride(1, 2), "tiled 2, 60 to 220, stride 1 x 2", 1, 6, 29);
        c.add(layer(300, 292, 3, 1).sharing(tiled(2, 1)).padding(same()), "tiled 2 x 1, 300 to 292", 3, 5, 5);
        c.add(
                layer(144, 160, 3, 3)
                        .groups(2)
                        .sharing(tiled(2))
                        .padding(same())
                        .bias(KERNEL),
                "tiled 2, 2 groups of 72 to 80",
                3,
                9,
                12);
        c.add(layer(8, 73, 3, 1).sharing(tiled(1, 5)).bias(KERNEL), "tiled 1 x 5, 8 to 73, columns of 13", 4, 15, 10);
        c.add(layer(101, 109, 9).sharing(tiled(2)).dilation(2).padding(same()), "tiled 1-D, 101 to 109", 1, 83);
        c.add(
                layer(112, 112, 4, 8)
                        .sharing(tiled(1, 3))
                        .groups(2)
                        .stride(2, 1)
                        .padding(full()),
                "tiled 1 x 3, 2 groups of 56",
                3,
                9,
                14);
        c.add(layer(16, 2, 3).sharing(tiled(2)).padding(full()), "tiled 1-D, 16 to 2, 1300 positions", 2, 1300);
        c.add(layer(2, 16, 5).sharing(tiled(3)).stride(2), "tiled 1-D, 2 to 16, 1600 positions", 1, 1603);
        c.add(
                layer(24, 3, 3, 4).sharing(tiled(2)).dilation(2, 1).padding(explicit(4, 1, 0, 3)),
                "tiled, 24 to 3, dilation 2 x 1",
                2,
                9,
                21);
        c.add(
                layer(1, 80, 2, 3).sharing(tiled(3, 2)).stride(1, 2).padding(sameUpper()),
                "tiled 3 x 2, 1 to 80, stride 1 x 2",
                3,
                8,
                35);
        c.add(layer(96, 2, 2, 3).sharing(tiled(9, 1)), "tiled 9 x 1, past the output, 96 to 2", 2, 5, 12);
        c.add(layer(5, 32, 2, 3).sharing(tiled(9, 1)), "tiled 9 x 1, past the output, 5 to 32", 2, 5, 12);
        c.add(
                layer(21, 51, 3, 2).groups(3).sharing(tiled(2)).padding(explicit(1, 2, 0, 1)),
                "tiled, 3 groups, 7 to 17",
                2,
                9,
                18);
        c.add(
                layer(64, 32, 5).groups(2).sharing(tiled(2)).stride(2).padding(same()),
                "tiled 1-D, 2 groups, 32 to 16, stride 2",
                2,
                300);
        c.add(layer(48, 9, 5).groups(3).sharing(tiled(2)), "tiled 1-D, 3 groups, 16 to 3, 400 positions", 1, 400);
        c.add(layer(16, 1, 2, 3, 2).sharing(tiled(2, 1, 2)).padding(full()), "tiled 3-D, 16 to 1", 2, 4, 5, 17);
        c.add(layer(1, 16, 3, 2, 3).sharing(tiled(2, 1, 2)).padding(sameLower()), "tiled 3-D, 1 to 16", 2, 4, 5, 17);
        c.add(
                layer(3, 16, 3, 3).sharing(tiled(2)).dilation(100_000_000, 1).padding(same()),
                "tiled, 3 to 16, taps far outside",
                1,
                8,
                32);
        c.add(
                layer(3, 16, 3, 3, 3)
                        .sharing(tiled(2))
                        .dilation(1_073_741_822, 536_870_910, 1)
                        .padding(same()),
                "tiled 3-D, 3 to 16, taps far outside, 2^64 bytes away",
                1,
                4,
                4,
                32);
        c.add(
                layer(16, 32, 3, 3).sharing(tiled(2)).dilation(100_000_000, 1).padding(same()),
                "tiled, 16 to 32, taps far outside",
                2,
                8,
                32);
        c.add(
                layer(4, 16, 3, 3).sharing(local()).dilation(100_000_000, 1).padding(same()),
                "local, 4 to 16, taps far outside",
                1,
                8,
                12);
        c.add(layer(8, 5, 3, 3).sharing(blocks(3)).dilation(2).stride(2), "blocks 3, dilation 2, stride 2", 9, 23, 24);
        c.add(
                layer(12, 16, 3, 4).sharing(blocks(5)).padding(explicit(1, 1, 2, 1)),
                "blocks 5, 25 positions of a kernel",
                2,
                15,
                14);
        c.add(layer(8, 5, 3, 3).sharing(local()).stride(2).padding(same()), "local, 33 images, stride 2", 33, 7, 6);
        c.add(layer(16, 6, 3, 3).sharing(local()).padding(same()), "local, 19 images, 16 to 6", 19, 4, 5);
        c.add(
                layer(12, 32, 3, 2).sharing(local()).groups(2).dilation(1, 2).padding(sameUpper()),
                "local, 18 images, 2 groups, dilation 1 x 2",
                18,
                4,
                6);
        c.add(layer(8, 17, 2, 2, 2).sharing(local()).stride(2), "local 3-D, 16 images, stride 2", 16, 4, 5, 4);
        c.add(layer(7, 9, 3).sharing(local()).padding(same()), "local 1-D, 17 images, 70 long", 17, 70);
        c.add(layer(1, 33, 3, 3).sharing(local()).padding(explicit(2, 0, 1, 2)), "local, 1 to 33, 7 images", 7, 6, 5);
        c.add(layer(2, 8, 5, 3).sharing(local()).stride(2).padding(same()), "local, 2 to 8, 9 images", 9, 7, 8);
        c.add(layer(1, 7, 2, 2, 3).sharing(local()).padding(sameUpper()), "local 3-D, 1 to 7, 5 images", 5, 3, 3, 4);
        c.add(layer(1, 8, 5, 5).sharing(local()), "local, 1 to 8, 32 images", 32, 9, 8);
        c.add(layer(3, 4, 3, 3).sharing(local()).padding(same()), "local", 2, 4, 5);
        c.add(layer(17, 16, 3, 3).sharing(local()).bias(CHANNEL), "local, 17 to 16", 1, 4, 5);
        c.add(layer(3, 4, 3, 2).sharing(local()).stride(2).bias(POSITION), "local, stride 2", 2, 7, 6);
        c.add(depthwise(5, 3, 3).sharing(local()).padding(explicit(1, 0, 2, 1)), "local depthwise", 1, 4, 5);
        c.add(flipped(layer(2, 3, 2, 3)).sharing(local()).padding(full()), "local flipped", 1, 3, 4);
        c.add(
                layer(3, 4, 2, 2).sharing(local()).padding(explicit(3, 3, 4, 2)),
                "local, padding past the kernel",
                2,
                3,
                4);
        c.add(layer(2, 3, 2, 2, 2).sharing(local()).bias(KERNEL), "local 3-D", 1, 3, 4, 3);
        c.add(layer(8, 7, 1, 1).sharing(local()).bias(KERNEL), "local k1", 5, 3, 4);
        c.add(
                layer(14, 16, 3, 2).sharing(local()).stride(2).padding(sameUpper()),
                "local, 8 images, 14 to 16",
                8,
                7,
                6);
        c.add(layer(16, 1, 3, 3).sharing(local()).padding(same()), "local, 7 images 4 KB apart, 16 to 1", 7, 8, 8);
        c.add(
                layer(20, 2, 2, 2).sharing(local()).dilation(1, 2).padding(explicit(1, 0, 2, 1)),
                "local, 18 images, 20 to 2",
                18,
                5,
                6);
        c.add(layer(32, 2, 3, 3).sharing(local()).groups(2).stride(2), "local, 6 images, 2 groups to 1", 6, 7, 8);
        c.add(layer(18, 1, 3, 3).sharing(local()).stride(2).padding(same()), "local, 18 to 1, stride 2", 5, 8, 7);
        c.add(
                layer(20, 1, 2, 3).sharing(local()).stride(1, 4).dilation(2).padding(explicit(3, 0, 0, 4)),
                "local, 20 to 1, stride 4, dilation 2",
                3,
                5,
                19);
        c.add(
                layer(33, 1, 2, 3, 2).sharing(local()).padding(sameUpper()),
                "local 3-D, 33 to 1, 17 images",
                17,
                3,
                4,
                5);
        c.add(layer(48, 1, 4).sharing(local()).padding(full()), "local 1-D, 48 to 1", 1, 9);
        c.add(layer(19, 12, 2, 3).sharing(local()).padding(sameUpper()), "local, 3 images, 19 to 12", 3, 5, 6);
        c.add(layer(9, 13, 3, 2).sharing(local()), "local, 7 images, 9 to 13", 7, 6, 5);
        c.add(depthwise(20, 3, 3).sharing(local()).padding(explicit(1, 0, 2, 1)), "local depthwise, 6 images", 6, 5, 9);
        c.add(layer(32, 32, 1, 1).sharing(local()), "local k1, 33 images 128 KB apart", 33, 32, 32);
        c.add(layer(3, 4, 3, 3).sharing(blocks(2)).bias(KERNEL), "blocks 2", 2, 7, 6);
        c.add(layer(3, 5, 3, 3).sharing(blocks(2)).padding(same()), "blocks 2, 9 images", 9, 17, 18);
        c.add(layer(8, 20, 2, 2).sharing(blocks(2, 3)).bias(POSITION), "blocks 2 x 3, 8 images", 8, 18, 25);
        c.add(layer(3, 72, 2, 2).sharing(local()).bias(POSITION), "local, 3 to 72, 65 images", 65, 4, 4);
        c.add(layer(5, 70, 2, 3).sharing(blocks(2, 3)).bias(KERNEL), "blocks 2 x 3, 5 to 70, 11 images", 11, 6, 9);
        c.add(layer(4, 8, 3, 2).sharing(blocks(2, 3)).padding(sameUpper()), "blocks 2 x 3, 3 images", 3, 17, 10);
        c.add(depthwise(6, 3, 3).sharing(blocks(2)), "blocks 2 depthwise, 5 images", 5, 17, 18);
        c.add(
                layer(7, 17, 3, 3)
                        .sharing(blocks(3, 2))
                        .stride(2, 1)
                        .dilation(2, 1)
                        .padding(explicit(3, 1, 1, 2)),
                "blocks 3 x 2, 7 images, stride and dilation",
                7,
                33,
                9);
        c.add(layer(2, 9, 2, 3, 2).sharing(blocks(2)).padding(sameUpper()), "blocks 2, 3-D, 17 images", 17, 4, 5, 7);
        c.add(layer(4, 8, 3).sharing(blocks(3)).padding(same()), "blocks 3, 1-D, 6 images", 6, 25);
        c.add(layer(5, 6, 3, 2).sharing(mixed(3, LOCAL, BLOCKS)), "local x blocks, 6 images", 6, 12, 11);
        c.add(layer(3, 2, 2, 2).sharing(blocks(10)), "blocks past the output", 1, 4, 5);
        c.add(layer(8, 16, 3, 3).sharing(blocks(3, 2)).stride(1, 2), "blocks 3 x 2, 8 to 16", 1, 8, 9);
        c.add(layer(3, 4, 3, 3).sharing(mixed(1, LOCAL, SHARED)), "local x shared", 2, 5, 6);
        c.add(layer(3, 4, 2, 3).sharing(mixed(2, SHARED, TILED)).bias(KERNEL), "shared x tiled", 1, 5, 7);
        c.add(layer(3, 4, 2, 3).sharing(mixed(3, BLOCKS, LOCAL)).bias(CHANNEL), "blocks x local", 2, 6, 5);
        c.add(layer(2, 3, 2, 2, 2).sharing(mixed(2, TILED, SHARED, BLOCKS)).bias(KERNEL), "mixed 3-D", 2, 4, 3, 5);
        c.unsharedInPieces();
        return c.cases;
    }

    /** What rare ways take piece by piece, in more than one, with periods of 3 and groups. */
    private void unsharedInPieces() {
        add(layer(16, 7, 3, 3).sharing(tiled(3)).padding(same()), "tiled 3, 16 to 7, wide", 2, 33, 66);
        add(layer(32, 5, 3, 3).sharing(tiled(3)).dilation(2), "tiled 3, 32 to 5, wide, dilation 2", 3, 40, 70);
        add(layer(16, 1, 3, 3).sharing(tiled(12, 9)).padding(same()), "tiled past the output, one output", 5, 7, 7);
        add(
                layer(104, 40, 3, 2, 3).sharing(tiled(1, 2, 2)).padding(explicit(1, 1, 1, 1, 1, 1)),
                "tiled 3-D, 104 to 40",
                8,
                6,
                6,
                6);
        add(layer(6, 32, 3, 3).groups(2).sharing(local()).padding(same()), "local, 2 groups, one image", 1, 14, 14);
        add(layer(6, 32, 3, 3).groups(2).sharing(blocks(2)).padding(same()), "blocks, 2 groups, one image", 1, 14, 14);
        add(
                layer(5, 6, 3, 3).sharing(blocks(2)).dilation(1, 2).padding(explicit(1, 1, 1, 1)),
                "blocks, dilation 1 x 2",
                9,
                17,
                18);
        add(layer(8, 8, 3).sharing(local()).padding(same()), "local 1-D, 130 images", 130, 70);
        add(layer(16, 1, 3, 3).sharing(local()).padding(same()), "local, one output, 1600 positions", 20, 40, 40);
        add(layer(16, 1, 3, 3).sharing(local()).padding(same()), "local, one output, 8192 inputs", 7, 8, 64);
    }

    /** The same transposed: the kernel goes by the position in the layer's source. */
    public static List<ConvCase> transposedUnshared() {
        Cases c = new Cases();
        c.add(layer(5, 3, 3, 3).sharing(tiled(2)).stride(2).bias(CHANNEL), "tiled 2", 2, 4, 5);
        c.add(layer(3, 8, 2, 2).sharing(tiled(7)), "tiled past the source", 1, 3, 4);
        c.add(layer(3, 4, 3, 3).sharing(tiled(2)).stride(2).outputPadding(1), "tiled, output padding", 1, 4, 3);
        c.add(
                layer(3, 4, 2, 2).sharing(tiled(2)).dilation(3).outputPadding(2).bias(CHANNEL),
                "tiled, past the last tap",
                1,
                4,
                3);
        c.add(
                depthwise(16, 4, 4).sharing(tiled(2)).stride(2).padding(explicit(1, 1, 1, 1)),
                "tiled depthwise",
                1,
                4,
                3);
        c.add(layer(32, 5, 4, 4).sharing(tiled(2)).stride(2).bias(CHANNEL), "tiled 2, 32 to 5", 3, 8, 15);
        c.add(layer(70, 80, 3, 3).sharing(tiled(2)).padding(same()), "tiled 2, 70 to 80", 4, 9, 9);
        c.add(
                layer(32, 24, 3, 3).groups(2).sharing(tiled(2)).padding(same()).bias(CHANNEL),
                "tiled 2, 2 groups, 1936 positions",
                2,
                44,
                44);
        c.add(layer(4, 3, 3, 3).sharing(local()).padding(same()).bias(CHANNEL), "local", 2, 3, 4);
        c.add(layer(17, 16, 2, 2).sharing(local()).stride(2), "local, 17 to 16", 1, 3, 3);
        c.add(flipped(layer(4, 6, 2, 3)).sharing(local()).groups(2), "local flipped, 2 groups", 1, 3, 4);
        c.add(layer(3, 4, 3).sharing(local()).stride(3).padding(sameUpper()), "local 1-D", 2, 7);
        c.add(layer(3, 5, 3, 3).sharing(blocks(2)).padding(full()), "blocks 2", 2, 5, 4);
        c.add(layer(2, 3, 2, 2, 2).sharing(mixed(2, LOCAL, SHARED, TILED)).bias(CHANNEL), "mixed 3-D", 1, 3, 2, 3);
        return c.cases;
    }

    private static Sharing mixed(long size, Kind... kinds) {
        return Sharing.perAxis(Arrays.stream(kinds)
                .map(kind -> new AxisSharing(kind, kind == TILED || kind == BLOCKS ? size : 1))
                .toArray(AxisSharing[]::new));
    }
}
