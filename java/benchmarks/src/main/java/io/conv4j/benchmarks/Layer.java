package io.conv4j.benchmarks;

import static io.conv4j.benchmarks.Layer.Op.LOCAL;
import static io.conv4j.benchmarks.Layer.Op.STANDARD;
import static io.conv4j.benchmarks.Layer.Op.TILED;
import static io.conv4j.benchmarks.Layer.Op.TRANSPOSED;

import io.conv4j.plan.ConvPlan;
import io.conv4j.plan.Plan;
import io.conv4j.plan.PlanOptions;
import io.conv4j.plan.TransposedConvPlan;
import io.conv4j.spec.Axis;
import io.conv4j.spec.ConvGeometry;
import io.conv4j.spec.ConvSpec;
import io.conv4j.spec.Padding;
import io.conv4j.spec.Shape;
import io.conv4j.spec.Sharing;
import java.util.List;
import java.util.Locale;

/**
 * A square layer with two spatial axes.
 *
 * @param period of a tiled layer, else 1
 */
record Layer(
        Op op,
        String name,
        long inChannels,
        long outChannels,
        long groups,
        long input,
        long kernel,
        long stride,
        long dilation,
        long padding,
        long period,
        List<Long> batches) {
    enum Op {
        STANDARD,
        TRANSPOSED,
        LOCAL,
        TILED;

        @Override
        public String toString() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    private static final List<Long> ONE = List.of(1L);
    private static final List<Long> EIGHT = List.of(8L);
    private static final List<Long> ONE_AND_EIGHT = List.of(1L, 8L);
    private static final List<Long> THIRTY_TWO = List.of(32L);
    private static final List<Long> ONE_TO_128 = List.of(1L, 8L, 32L, 128L);

    /** A layer whose calls take a few microseconds: no ratio of it belongs in a mean. */
    static final String OF_MICROSECONDS = "c1_28_oc8";

    /** Hardly any work: sixteen channels at one position. */
    static final Layer SMALLEST = new Layer(STANDARD, "smallest", 16, 16, 1, 1, 1, 1, 1, 0, 1, ONE);

    static final Layer SMALLEST_TRANSPOSED =
            new Layer(TRANSPOSED, "smallest_transposed", 16, 16, 1, 1, 1, 1, 1, 0, 1, ONE);

    ConvSpec spec() {
        ConvSpec.Builder spec = ConvSpec.builder(inChannels, outChannels)
                .kernel(kernel, kernel)
                .stride(stride, stride)
                .dilation(dilation, dilation)
                .groups(groups)
                .padding(Padding.explicit(padding, padding, padding, padding));
        return switch (op) {
            case STANDARD, TRANSPOSED -> spec.build();
            case LOCAL -> spec.sharing(Sharing.local()).build();
            case TILED -> spec.sharing(Sharing.tiled(period)).build();
        };
    }

    private Shape source(long batch) {
        return Shape.of(batch, inChannels, input, input);
    }

    /** Of a transposed layer, that of the convolution it mirrors. */
    ConvGeometry geometry(long batch) {
        return op == TRANSPOSED
                ? ConvGeometry.ofTransposed(spec(), source(batch))
                : ConvGeometry.of(spec(), source(batch));
    }

    Plan plan(long batch, PlanOptions options) {
        return op == TRANSPOSED
                ? TransposedConvPlan.create(spec(), source(batch), options)
                : ConvPlan.create(spec(), source(batch), options);
    }

    /** Positions of the output along one axis. */
    long output() {
        Axis axis = geometry(1).axes().get(0);
        return op == TRANSPOSED ? axis.input() : axis.output();
    }

    /** The layers that are compared; local and tiled ones go by the names that the native benchmarks call them. */
    static List<Layer> all() {
        // Channels in and out, groups; input, kernel, stride, dilation, padding; period; batches.
        return List.of(
                new Layer(STANDARD, "c3_224_k7s2", 3, 64, 1, 224, 7, 2, 1, 3, 1, EIGHT),
                new Layer(STANDARD, "c64_56", 64, 64, 1, 56, 3, 1, 1, 1, 1, ONE_AND_EIGHT),
                new Layer(STANDARD, "c128_28", 128, 128, 1, 28, 3, 1, 1, 1, 1, ONE_AND_EIGHT),
                new Layer(STANDARD, "c256_14", 256, 256, 1, 14, 3, 1, 1, 1, 1, ONE_AND_EIGHT),
                new Layer(STANDARD, "c512_7", 512, 512, 1, 7, 3, 1, 1, 1, 1, ONE_AND_EIGHT),
                new Layer(STANDARD, "c256_56_k1", 256, 64, 1, 56, 1, 1, 1, 0, 1, EIGHT),
                new Layer(STANDARD, "c64_56_k1", 64, 256, 1, 56, 1, 1, 1, 0, 1, EIGHT),
                new Layer(STANDARD, "depthwise_c96_112", 96, 96, 96, 112, 3, 1, 1, 1, 1, ONE_AND_EIGHT),
                new Layer(STANDARD, "c128_28_g4", 128, 128, 4, 28, 3, 1, 1, 1, 1, ONE_AND_EIGHT),
                new Layer(STANDARD, "c64_56_d2", 64, 64, 1, 56, 3, 1, 2, 2, 1, ONE_AND_EIGHT),
                new Layer(STANDARD, OF_MICROSECONDS, 1, 8, 1, 28, 5, 1, 1, 0, 1, ONE),
                new Layer(STANDARD, "c1_28_oc32", 1, 32, 1, 28, 5, 1, 1, 0, 1, THIRTY_TWO),
                new Layer(TRANSPOSED, "transposed_c128_14", 128, 64, 1, 14, 4, 2, 1, 1, 1, EIGHT),
                new Layer(TRANSPOSED, "transposed_c64_28", 64, 32, 1, 28, 4, 2, 1, 1, 1, EIGHT),
                new Layer(LOCAL, "deepface_l4", 16, 16, 1, 63, 9, 1, 1, 0, 1, ONE_TO_128),
                new Layer(LOCAL, "deepface_l5", 16, 16, 1, 55, 7, 2, 1, 0, 1, ONE_TO_128),
                new Layer(LOCAL, "deepface_l6", 16, 16, 1, 25, 5, 1, 1, 0, 1, ONE_TO_128),
                new Layer(LOCAL, "cifar_64", 64, 64, 1, 8, 3, 1, 1, 1, 1, ONE_TO_128),
                new Layer(LOCAL, "cifar_32", 64, 32, 1, 8, 3, 1, 1, 1, 1, ONE_TO_128),
                new Layer(LOCAL, "c64_32", 64, 64, 1, 32, 3, 1, 1, 1, 1, ONE_TO_128),
                new Layer(LOCAL, "mnist_c1", 1, 32, 1, 28, 5, 1, 1, 0, 1, ONE_TO_128),
                new Layer(TILED, "t2_c16_32", 16, 32, 1, 32, 5, 1, 1, 0, 2, THIRTY_TWO),
                new Layer(TILED, "t2_c64_56", 64, 64, 1, 56, 3, 1, 1, 1, 2, EIGHT),
                new Layer(TILED, "t3_c64_56", 64, 64, 1, 56, 3, 1, 1, 1, 3, EIGHT),
                new Layer(TILED, "t4_c128_28", 128, 128, 1, 28, 3, 1, 1, 1, 4, EIGHT),
                new Layer(TILED, "t2_c64_56_n1", 64, 64, 1, 56, 3, 1, 1, 1, 2, ONE),
                new Layer(TILED, "t2_c3_32", 3, 32, 1, 32, 8, 1, 1, 0, 2, THIRTY_TWO),
                new Layer(TILED, "t2_c64_56_s2", 64, 64, 1, 56, 3, 2, 1, 1, 2, EIGHT));
    }
}
