package io.conv4j.plan;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import io.conv4j.memory.Tensor;
import io.conv4j.reference.ConvCase;
import io.conv4j.reference.Numbers;
import io.conv4j.spec.BiasMode;
import io.conv4j.spec.ConvSpec;
import io.conv4j.spec.Orientation;
import io.conv4j.spec.Padding;
import io.conv4j.spec.Shape;
import io.conv4j.spec.Sharing;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Layers of so few channels that neighbouring positions share the lanes, and kernels much longer than the source: longer ones
 * than those that all tests try.
 */
class FewChannelsTest {
    private static ConvSpec.Builder layer(long inChannels, long outChannels, long... kernel) {
        return ConvSpec.builder(inChannels, outChannels).kernel(kernel);
    }

    private static ConvCase over(ConvSpec.Builder layer, long... source) {
        ConvSpec spec = layer.build();
        return new ConvCase(spec.toString(), spec, Shape.of(source));
    }

    static List<ConvCase> cases() {
        return List.of(
                over(layer(1, 1, 1400).padding(Padding.explicit(10, 12)), 1, 1, 1500),
                over(layer(2, 3, 700).padding(Padding.full()), 1, 2, 300),
                over(layer(1, 1, 9).padding(Padding.same()).bias(BiasMode.CHANNEL), 2, 1, 5000),
                over(layer(1, 2, 3, 5).padding(Padding.same()).bias(BiasMode.POSITION), 2, 1, 40, 300),
                over(layer(1, 2, 3, 5).padding(Padding.same()).bias(BiasMode.POSITION), 3, 1, 150, 20),
                over(layer(3, 1, 5, 2).stride(2, 3), 1, 3, 33, 260),
                over(layer(7, 4, 3).stride(2).padding(Padding.explicit(0, 2)), 2, 7, 700),
                over(layer(4, 7, 3, 3).dilation(2, 1).padding(Padding.full()), 1, 4, 9, 77),
                over(layer(1, 1, 2, 3, 4).stride(2, 1, 1).padding(Padding.sameUpper()), 2, 1, 5, 6, 90),
                over(layer(4, 4, 2).padding(Padding.explicit(5, 5)), 1, 4, 33),
                over(layer(1, 1, 450).sharing(Sharing.tiled(2)).padding(Padding.full()), 2, 1, 9),
                over(
                        layer(2, 3, 410).sharing(Sharing.tiled(2)).stride(3).padding(Padding.explicit(300, 200)),
                        1,
                        2,
                        50),
                over(layer(5, 6, 2, 420).padding(Padding.full()), 1, 5, 3, 20),
                over(layer(1, 1, 7).orientation(Orientation.CONVOLUTION).padding(Padding.same()), 3, 1, 1000));
    }

    @ParameterizedTest
    @MethodSource("cases")
    void everyPassAgreesWithTheReferenceOnEveryInstructionSet(ConvCase c) {
        for (Numbers numbers : List.of(Numbers.FLOATS, Numbers.INTEGERS)) {
            PassCheck check = new PassCheck(c.geometry(), numbers);
            PassCheck mirrored = new PassCheck(c.mirror().transposedGeometry(), numbers);
            for (Isa isa : Isas.available()) {
                for (int threads : new int[] {1, 3}) {
                    PlanOptions options = PlanOptions.builder()
                            .implementation(Implementation.KERNELS)
                            .isa(isa)
                            .threads(threads)
                            .build();
                    try (ConvPlan plan = ConvPlan.create(c.spec(), c.source(), options);
                            TransposedConvPlan mirror = TransposedConvPlan.create(
                                    c.mirror().spec(), c.mirror().source(), options)) {
                        check.run(plan, PassCheck.OWN);
                        mirrored.run(mirror, PassCheck.OWN);
                    }
                }
            }
        }
    }

    /** Of neighbours computed together, those whose taps do not meet it multiply it by nothing. */
    @ParameterizedTest
    @ValueSource(floats = {Float.NaN, Float.POSITIVE_INFINITY, Float.NEGATIVE_INFINITY})
    void whatIsNotFiniteReachesNoFurtherThanTheKernel(float value) {
        int size = 4000;
        int at = 2005;
        PlanOptions options =
                PlanOptions.builder().implementation(Implementation.KERNELS).build();
        ConvSpec spec = layer(1, 1, 5).padding(Padding.same()).build();
        float[] numbers = new float[size];
        Arrays.fill(numbers, 1);
        float[] expected = new float[size];
        Arrays.fill(expected, 5);
        expected[0] = expected[size - 1] = 3;
        expected[1] = expected[size - 2] = 4;
        numbers[at] = value;
        Arrays.fill(expected, at - 2, at + 3, value);
        try (ConvPlan plan = ConvPlan.create(spec, Shape.of(1, 1, size), options);
                Tensor x = Tensor.of(numbers, plan.sourceShape());
                Tensor w = Tensor.of(new float[] {1, 1, 1, 1, 1}, plan.weightsShape());
                Tensor y = plan.forward(x, w);
                Tensor h = plan.backwardData(x, w)) {
            assertArrayEquals(expected, y.toFloatArray());
            assertArrayEquals(expected, h.toFloatArray());
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"AUTO", "KERNELS"})
    void manyThreadsGiveTheSameBits(Implementation implementation) {
        ConvSpec spec = layer(1, 2, 31).padding(Padding.same()).build();
        Shape source = Shape.of(2, 1, 3001);
        float[][] first = null;
        for (int threads : new int[] {1, 2, 3, 8}) {
            PlanOptions options = PlanOptions.builder()
                    .implementation(implementation)
                    .threads(threads)
                    .build();
            try (ConvPlan plan = ConvPlan.create(spec, source, options);
                    Tensor x = Tensor.of(Numbers.FLOATS.fill(source, 1), source);
                    Tensor w = Tensor.of(Numbers.FLOATS.fill(plan.weightsShape(), 2), plan.weightsShape());
                    Tensor y = plan.forward(x, w);
                    Tensor h = plan.backwardData(y, w);
                    Tensor g = plan.backwardWeights(x, y)) {
                float[][] all = {y.toFloatArray(), h.toFloatArray(), g.toFloatArray()};
                first = first == null ? all : first;
                for (int i = 0; i < all.length; i++) {
                    assertArrayEquals(first[i], all[i], 0, threads + " threads");
                }
            }
        }
    }

    @Test
    void plansTakeOwnKernelsForThem() {
        try (ConvPlan plan = ConvPlan.create(layer(1, 1, 9, 9).build(), Shape.of(1, 1, 64, 64))) {
            for (PassDescription pass : plan.describe().passes()) {
                assertEquals("kernels", pass.implementation().split(" ")[0], pass.name());
            }
        }
    }
}
