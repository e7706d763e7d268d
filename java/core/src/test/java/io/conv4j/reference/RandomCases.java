package io.conv4j.reference;

import io.conv4j.spec.Axis;
import io.conv4j.spec.AxisSharing;
import io.conv4j.spec.BiasMode;
import io.conv4j.spec.ConvSpec;
import io.conv4j.spec.Orientation;
import io.conv4j.spec.Padding;
import io.conv4j.spec.Shape;
import io.conv4j.spec.Sharing;
import java.util.Random;

/**
 * Layers drawn at random, each legal: what nobody thought of when the list of cases was written. At scale 1 they are
 * small; at a larger one axes and channels are up to so many times as long, as those are whose ways depend on sizes.
 */
public final class RandomCases {
    private final int scale;

    public RandomCases(int scale) {
        this.scale = scale;
    }

    /** A convolution, the same one for the same seed. */
    public ConvCase convolution(long seed) {
        Random random = new Random(seed);
        while (true) {
            ConvCase drawn = draw(random, "seed " + seed, false);
            if (isLegal(drawn, false)) {
                return drawn;
            }
        }
    }

    /** A transposed convolution, the same one for the same seed. */
    public ConvCase transposed(long seed) {
        Random random = new Random(seed);
        while (true) {
            ConvCase drawn = draw(random, "transposed, seed " + seed, true);
            if (isLegal(drawn, true)) {
                return drawn;
            }
        }
    }

    private boolean isLegal(ConvCase drawn, boolean transposed) {
        try {
            var geometry = transposed ? drawn.transposedGeometry() : drawn.geometry();
            Shape sums = transposed ? geometry.sourceShape() : geometry.outputShape();
            double work = (double) sums.elements()
                    * (transposed ? geometry.outChannels() : geometry.inChannels())
                    / geometry.groups();
            for (Axis axis : geometry.axes()) {
                work *= axis.kernel();
            }
            int area = scale * scale;
            return work < 2e6 * area
                    && geometry.weightsShape().elements() < 200_000 * area
                    && geometry.sourceShape().elements() < 100_000 * area;
        } catch (IllegalArgumentException e) {
            return false; // A kernel larger than its source, or the like: drawn again.
        }
    }

    private ConvCase draw(Random random, String name, boolean transposed) {
        int axes = 1 + random.nextInt(3);
        long largest = axes == 1 ? 40 : axes == 2 ? 12 : 6;
        long groups = random.nextInt(3) > 0 ? 1 : 1 + random.nextInt(9);
        long inChannels = groups * channels(random, groups);
        long outChannels = groups * channels(random, groups);
        long[] kernel = new long[axes];
        long[] stride = new long[axes];
        long[] dilation = new long[axes];
        long[] pairs = new long[2 * axes];
        long[] outputPadding = new long[axes];
        long[] source = new long[2 + axes];
        AxisSharing[] sharing = new AxisSharing[axes];
        source[0] = random.nextInt(20) == 0
                ? 0
                : 1 + random.nextInt(random.nextInt(4) > 0 ? 5 : random.nextInt(4) > 0 ? 40 : 150);
        source[1] = inChannels;
        for (int i = 0; i < axes; i++) {
            kernel[i] = 1 + random.nextInt(5);
            stride[i] = random.nextBoolean() ? 1 : 1 + random.nextInt(4);
            dilation[i] = random.nextInt(3) > 0 ? 1 : 1 + random.nextInt(4);
            pairs[2 * i] = random.nextBoolean() ? 0 : random.nextInt(6);
            pairs[2 * i + 1] = random.nextBoolean() ? 0 : random.nextInt(6);
            outputPadding[i] = random.nextInt((int) Math.max(stride[i], dilation[i]));
            source[2 + i] = 1 + random.nextInt((int) largest * scale);
            sharing[i] = sharing(random);
        }
        Padding padding = switch (random.nextInt(8)) {
            case 0 -> Padding.same();
            case 1 -> Padding.sameUpper();
            case 2 -> Padding.sameLower();
            case 3 -> Padding.full();
            case 4 -> Padding.valid();
            default -> Padding.explicit(pairs);
        };
        BiasMode[] biases = transposed ? new BiasMode[] {BiasMode.NONE, BiasMode.CHANNEL} : BiasMode.values();
        ConvSpec.Builder builder = ConvSpec.builder(inChannels, outChannels)
                .kernel(kernel)
                .stride(stride)
                .dilation(dilation)
                .padding(padding)
                .groups(groups)
                .sharing(Sharing.perAxis(sharing))
                .bias(biases[random.nextInt(biases.length)])
                .orientation(Orientation.values()[random.nextInt(2)]);
        boolean implied = padding.equals(Padding.sameUpper()) || padding.equals(Padding.sameLower());
        if (transposed && !implied) {
            builder.outputPadding(outputPadding);
        }
        return new ConvCase(name, builder.build(), Shape.of(source));
    }

    private long channels(Random random, long groups) {
        long drawn = groups > 1 && random.nextBoolean()
                ? 1 + random.nextInt(3)
                : random.nextInt(4) > 0 ? 1 + random.nextInt(20) : 1 + random.nextInt(random.nextInt(4) > 0 ? 70 : 110);
        return drawn * (1 + random.nextInt(scale));
    }

    private static AxisSharing sharing(Random random) {
        AxisSharing.Kind kind = AxisSharing.Kind.values()[random.nextInt(4)];
        boolean sized = kind == AxisSharing.Kind.TILED || kind == AxisSharing.Kind.BLOCKS;
        return new AxisSharing(kind, sized ? 1 + random.nextInt(random.nextInt(4) > 0 ? 4 : 14) : 1);
    }
}
