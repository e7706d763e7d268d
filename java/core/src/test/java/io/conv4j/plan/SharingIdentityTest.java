package io.conv4j.plan;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.conv4j.reference.Cases;
import io.conv4j.reference.ConvCase;
import io.conv4j.reference.Expected;
import io.conv4j.reference.NaiveConvolution;
import io.conv4j.reference.Numbers;
import io.conv4j.spec.Axis;
import io.conv4j.spec.BiasMode;
import io.conv4j.spec.ConvSpec;
import io.conv4j.spec.Sharing;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Where one sharing is another, two implementations of it must agree. */
class SharingIdentityTest {
    static List<ConvCase> cases() {
        return Cases.convolutions();
    }

    private static ArrayPlan plan(ConvCase c, Sharing sharing, Implementation implementation) {
        ConvSpec spec =
                ConvCase.copy(c.spec()).sharing(sharing).bias(BiasMode.NONE).build();
        PlanOptions options =
                PlanOptions.builder().threads(1).implementation(implementation).build();
        return new ArrayPlan(ConvPlan.create(spec, c.source(), options));
    }

    @ParameterizedTest
    @MethodSource("cases")
    void tiledOfPeriod1ByOwnKernelsIsStandardConvolutionByOneDnn(ConvCase c) {
        try (ArrayPlan tiled = plan(c, Sharing.tiled(1), Implementation.KERNELS);
                ArrayPlan standard = plan(c, Sharing.shared(), Implementation.ONEDNN)) {
            for (PassDescription pass : tiled.plan().describe().passes()) {
                assertTrue(pass.implementation().startsWith("kernels "), pass::toString);
            }
            for (PassDescription pass : standard.plan().describe().passes()) {
                assertTrue(!pass.implementation().startsWith("kernels "), pass::toString);
            }
            assertSameBits(standard, tiled);
            assertBothWithinTheBound(standard, tiled);
        }
    }

    @ParameterizedTest
    @MethodSource("cases")
    void tiledOfTheOutputsSizeIsLocal(ConvCase c) {
        long[] output = c.geometry().axes().stream().mapToLong(Axis::output).toArray();
        try (ArrayPlan tiled = plan(c, Sharing.tiled(output), Implementation.AUTO);
                ArrayPlan local = plan(c, Sharing.local(), Implementation.AUTO)) {
            assertSameBits(local, tiled);
            assertBothWithinTheBound(local, tiled);
        }
    }

    @ParameterizedTest
    @MethodSource("cases")
    void blocksOfLength1AreLocalAndBlocksOfTheOutputsSizeAreShared(ConvCase c) {
        long[] output = c.geometry().axes().stream().mapToLong(Axis::output).toArray();
        try (ArrayPlan ones = plan(c, Sharing.blocks(1), Implementation.AUTO);
                ArrayPlan local = plan(c, Sharing.local(), Implementation.AUTO);
                ArrayPlan whole = plan(c, Sharing.blocks(output), Implementation.AUTO);
                ArrayPlan standard = plan(c, Sharing.shared(), Implementation.ONEDNN)) {
            assertSameBits(local, ones);
            assertSameBits(standard, whole);
        }
    }

    /** Integers, whose sums are exact in any order. Weights of both have the same elements in the same order. */
    private static void assertSameBits(ArrayPlan expected, ArrayPlan actual) {
        float[] x = Numbers.INTEGERS.fill(expected.plan().sourceShape(), 1);
        float[] w = Numbers.INTEGERS.fill(expected.plan().weightsShape(), 2);
        float[] dy = Numbers.INTEGERS.fill(expected.plan().outputShape(), 4);
        assertArrayEquals(expected.forward(x, w), actual.forward(x, w), 0, "forward");
        assertArrayEquals(expected.backwardData(dy, w), actual.backwardData(dy, w), 0, "backwardData");
        assertArrayEquals(expected.backwardWeights(x, dy), actual.backwardWeights(x, dy), 0, "backwardWeights");
    }

    private static void assertBothWithinTheBound(ArrayPlan first, ArrayPlan second) {
        NaiveConvolution reference = new NaiveConvolution(first.plan().geometry());
        float[] x = Numbers.FLOATS.fill(first.plan().sourceShape(), 1);
        float[] w = Numbers.FLOATS.fill(first.plan().weightsShape(), 2);
        float[] dy = Numbers.FLOATS.fill(first.plan().outputShape(), 4);
        Expected forward = reference.forward(x, w, null);
        Expected backwardData = reference.backwardData(dy, w);
        Expected backwardWeights = reference.backwardWeights(x, dy);
        for (ArrayPlan plan : List.of(first, second)) {
            forward.check("forward", plan.forward(x, w));
            backwardData.check("backwardData", plan.backwardData(dy, w));
            backwardWeights.check("backwardWeights", plan.backwardWeights(x, dy));
        }
    }
}
