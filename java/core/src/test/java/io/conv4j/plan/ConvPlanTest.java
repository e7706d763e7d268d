package io.conv4j.plan;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.conv4j.memory.Layout;
import io.conv4j.memory.Tensor;
import io.conv4j.reference.Cases;
import io.conv4j.reference.ConvCase;
import io.conv4j.reference.NaiveConvolution;
import io.conv4j.reference.Numbers;
import io.conv4j.spec.ConvSpec;
import io.conv4j.spec.Padding;
import io.conv4j.spec.Shape;
import io.conv4j.spec.Sharing;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;

class ConvPlanTest extends PlanTest {
    static Stream<ConvCase> cases() {
        return Stream.of(Cases.convolutions(), Cases.unshared()).flatMap(List::stream);
    }

    @Override
    ConvPlan plan(ConvCase c, PlanOptions options) {
        return ConvPlan.create(c.spec(), c.source(), options);
    }

    /** Plans whose weights have one shape, though they may pack it differently. */
    private static List<ConvPlan> plansOfOneWeightsShape() {
        List<ConvPlan> plans = new ArrayList<>();
        for (Implementation implementation : Implementation.values()) {
            PlanOptions options = PlanOptions.builder()
                    .threads(1)
                    .implementation(implementation)
                    .build();
            ConvSpec.Builder whole = ConvSpec.builder(4, 16).kernel(3, 3);
            ConvSpec.Builder halves = ConvSpec.builder(8, 16).kernel(3, 3).groups(2);
            ConvSpec.Builder quarters =
                    ConvSpec.builder(16, 16).kernel(3, 3).groups(4).stride(2);
            for (ConvSpec.Builder layer : List.of(whole, halves, quarters)) {
                ConvSpec spec = layer.build();
                plans.add(ConvPlan.create(spec, Shape.of(2, spec.inChannels(), 6, 7), options));
            }
        }
        return plans;
    }

    @Test
    void weightsPackedByAnotherPlanAreConverted() {
        List<ConvPlan> plans = plansOfOneWeightsShape();
        Shape shape = plans.get(0).weightsShape();
        float[] weights = Numbers.INTEGERS.fill(shape, 2);
        Set<Layout> packings = new HashSet<>();
        for (ConvPlan packer : plans) {
            packings.add(packer.weightsLayout());
            try (Tensor packed = Tensor.of(weights, shape, packer.weightsLayout())) {
                for (ConvPlan plan : plans) {
                    checkWith(packed, plan);
                }
            }
        }
        assertTrue(packings.size() >= 3, packings::toString);
        plans.forEach(ConvPlan::close);
    }

    private static void checkWith(Tensor packed, ConvPlan plan) {
        NaiveConvolution reference = new NaiveConvolution(plan.geometry());
        float[] source = Numbers.INTEGERS.fill(plan.sourceShape(), 1);
        float[] gradient = Numbers.INTEGERS.fill(plan.outputShape(), 4);
        try (Tensor x = Tensor.of(source, plan.sourceShape());
                Tensor dy = Tensor.of(gradient, plan.outputShape());
                Tensor dw = Tensor.zeros(packed.shape(), packed.layout());
                Tensor y = plan.forward(x, packed);
                Tensor dx = plan.backwardData(dy, packed)) {
            plan.backwardWeightsInto(x, dy, dw, Accumulate.ADD);
            String what = packed.layout() + " in " + plan;
            float[] weights = packed.toFloatArray();
            reference.forward(source, weights, null).checkExact(what, y.toFloatArray());
            reference.backwardData(gradient, weights).checkExact(what, dx.toFloatArray());
            reference.backwardWeights(source, gradient).checkExact(what, dw.toFloatArray());
        }
    }

    @Test
    void aPlanHasAThreadForEachProcessorIfNotToldOtherwise() {
        assertEquals(
                Runtime.getRuntime().availableProcessors(),
                PlanOptions.defaults().threads());
    }

    @Test
    void sizesThatPlansDoNotTakeAreUnsupportedByName() {
        long large = 1L << 31;
        Shape source = Shape.of(1, 2, 40);
        List<ConvSpec> specs = List.of(
                ConvSpec.builder(2, large).kernel(3).build(),
                ConvSpec.builder(2, 2).kernel(3).stride(large).build(),
                ConvSpec.builder(2, 2).kernel(1).dilation(large).build(),
                ConvSpec.builder(2, 2).kernel(3).sharing(Sharing.blocks(large)).build(),
                ConvSpec.builder(2, 2)
                        .kernel(3)
                        .padding(Padding.explicit(0, large))
                        .stride(5)
                        .build());
        List<String> names = List.of(
                "output channels has", "the stride has", "the dilation has", "the sharing has", "the padding has");
        for (int i = 0; i < specs.size(); i++) {
            ConvSpec spec = specs.get(i);
            String message = assertThrows(UnsupportedOperationException.class, () -> ConvPlan.create(spec, source))
                    .getMessage();
            assertEquals("spec: plans take sizes of at most 2^31 - 1 but " + names.get(i) + " " + large, message);
        }
    }

    @Test
    void tensorsThatPlansDoNotTakeAreUnsupportedByName() {
        ConvSpec weights = ConvSpec.builder(1 << 18, 1 << 17).kernel(1, 1).build();
        assertTooLarge(
                "spec: plans take tensors of at most 2^34 elements but weights [131072, 262144, 1, 1] has 34359738368",
                () -> ConvPlan.create(weights, Shape.of(1, 1 << 18, 1, 1)));
        ConvSpec widening =
                ConvSpec.builder(1, 3).kernel(1, 1).padding(Padding.full()).build();
        String output =
                "sourceShape: plans take tensors of at most 2^34 elements but the output [1, 3, 80000, 80000] has 19200000000";
        Shape large = Shape.of(1, 1, 80_000, 80_000);
        assertTooLarge(output, () -> ConvPlan.create(widening, large));
        assertTooLarge(output, () -> TransposedConvPlan.create(widening, large));
        ConvSpec spec = ConvSpec.builder(1, 3).kernel(1, 1).build();
        try (ConvPlan plan = ConvPlan.create(spec, Shape.of(1, 1, 2, 2))) {
            assertTooLarge(
                    "batch: plans take tensors of at most 2^34 elements but the output [2147483647, 3, 2, 2] has"
                            + " 25769803764",
                    () -> plan.withBatch(Integer.MAX_VALUE));
        }
    }

    private static void assertTooLarge(String message, Executable create) {
        assertEquals(
                message,
                assertThrows(UnsupportedOperationException.class, create).getMessage());
    }

    @Test
    void errorsSayWhatWasExpectedAndWhatCame() {
        ConvSpec spec = ConvSpec.builder(3, 8).kernel(3, 3).build();
        Shape source = Shape.of(2, 3, 10, 10);
        try (ConvPlan plan = ConvPlan.create(spec, source);
                Tensor x = Tensor.zeros(source);
                Tensor w = Tensor.zeros(plan.weightsShape());
                Tensor narrow = Tensor.zeros(Shape.of(8, 3, 3, 2))) {
            assertEquals(
                    "weights: expected [8, 3, 3, 3] (OC, IC/groups, kernel sizes) but got [8, 3, 3, 2]",
                    refusal(() -> plan.forward(x, narrow)));
            assertEquals("bias: expected none but got [2, 3, 10, 10]", refusal(() -> plan.forward(x, w, x)));
            assertEquals(
                    "outputGradient: expected [2, 8, 8, 8] (N, OC, spatial sizes) but got [2, 3, 10, 10]",
                    refusal(() -> plan.backwardData(x, w)));
        }
        assertEquals(
                "threads: expected 1 to 1024 but got 0",
                refusal(() -> PlanOptions.builder().threads(0)));
        try (Plan plan = TransposedConvPlan.create(
                        ConvCase.copy(spec).sharing(Sharing.tiled(2)).build(), source);
                Tensor x = Tensor.zeros(source)) {
            assertEquals(
                    "weights: expected [3, 2, 2, 8, 3, 3] (IC, kernels per axis, OC/groups, kernel sizes)"
                            + " but got [2, 3, 10, 10]",
                    refusal(() -> plan.forward(x, x)));
        }
    }

    @Test
    void anotherBatchIsToldOfWithBatch() {
        ConvSpec spec = ConvSpec.builder(3, 8).kernel(3, 3).build();
        try (ConvPlan plan = ConvPlan.create(spec, Shape.of(2, 3, 10, 10));
                Tensor w = Tensor.zeros(plan.weightsShape());
                Tensor one = Tensor.zeros(Shape.of(1, 3, 10, 10));
                Tensor other = Tensor.zeros(Shape.of(1, 3, 10, 9));
                Tensor fewer = Tensor.zeros(Shape.of(7, 3, 3, 3));
                Tensor x = Tensor.zeros(plan.sourceShape())) {
            assertTrue(refusal(() -> plan.forward(one, w)).endsWith("; withBatch(1) makes a plan for it"));
            assertTrue(refusal(() -> plan.forward(x, fewer)).endsWith("but got [7, 3, 3, 3]"));
            assertTrue(refusal(() -> plan.forward(other, w)).endsWith("but got [1, 3, 10, 9]"));
        }
    }

    private static String refusal(Executable call) {
        return assertThrows(IllegalArgumentException.class, call).getMessage();
    }

    @Test
    void tapsTooFarApartForOneDnnGoToOwnKernels() {
        ConvSpec spec = ConvSpec.builder(3, 24)
                .kernel(2, 2)
                .dilation((1 << 30) + 1, 1)
                .padding(Padding.explicit(0, 1 << 30, 0, 0))
                .build();
        Shape source = Shape.of(1, 3, 6, 6);
        try (ConvPlan plan = ConvPlan.create(spec, source);
                Tensor weights = Tensor.of(Numbers.INTEGERS.fill(plan.weightsShape(), 2), plan.weightsShape())) {
            assertTrue(plan.describe().passes().stream().allMatch(ConvPlanTest::isOwn), plan::toString);
            checkWith(weights, plan);
        }
        PlanOptions onednn =
                PlanOptions.builder().implementation(Implementation.ONEDNN).build();
        assertThrows(UnsupportedOperationException.class, () -> ConvPlan.create(spec, source, onednn));
    }

    private static boolean isOwn(PassDescription pass) {
        return pass.implementation().startsWith("kernels ");
    }

    @Test
    void ownKernelsComputeWhatOneDnnDoesNotComputeDirectly() {
        ConvSpec multiplied = ConvSpec.builder(16, 64).kernel(3, 3).groups(16).build();
        ConvSpec depthwise1d = ConvSpec.depthwise(64).kernel(9).build();
        ConvSpec standard = ConvSpec.builder(48, 48).kernel(5, 5).build();
        for (ConvSpec spec : List.of(multiplied, depthwise1d, standard)) {
            Shape source =
                    spec.axes() == 1 ? Shape.of(2, spec.inChannels(), 40) : Shape.of(2, spec.inChannels(), 12, 12);
            PlanOptions.Builder options = PlanOptions.builder().threads(1);
            try (ConvPlan auto = ConvPlan.create(spec, source, options.build());
                    ConvPlan again = auto.withBatch(3);
                    ConvPlan onednn = ConvPlan.create(
                            spec,
                            source,
                            options.implementation(Implementation.ONEDNN).build())) {
                for (int i = 0; i < 3; i++) {
                    String known = onednn.describe().passes().get(i).implementation();
                    boolean indirect = known.contains("gemm") || known.contains("ref");
                    for (ConvPlan plan : List.of(auto, again)) {
                        PassDescription pass = plan.describe().passes().get(i);
                        assertEquals(indirect, isOwn(pass), pass::toString);
                    }
                }
                assertEquals(auto.weightsLayout(), again.weightsLayout());
            }
        }
    }

    /** Images, and what becomes of 64 channels at the end of a network. */
    @Test
    void ownKernelsComputePassesOfFewChannels() {
        for (Isa isa : Isas.available()) {
            if (isa == Isa.GENERIC) {
                continue;
            }
            PlanOptions options = PlanOptions.builder().threads(1).isa(isa).build();
            List<Boolean> first = ownPasses(3, 64, options);
            assertEquals(List.of(false, true), first.subList(0, 2));
            assertEquals(List.of(true, true, true), ownPasses(64, 1, options));
            assertEquals(List.of(true, true, true), ownPasses(64, 3, options));
            assertEquals(List.of(false, false), ownPasses(48, 48, options).subList(0, 2));
            if (isa == Isa.AVX2) {
                assertEquals(List.of(true, true, true), ownPasses(1, 32, options));
            }
        }
    }

    @Test
    void manyChannelsLieLastWhereOneDnnWouldBlockThemForAvx2() {
        ConvSpec spec = ConvSpec.builder(72, 96)
                .kernel(3, 3)
                .stride(2)
                .padding(Padding.same())
                .build();
        Shape source = Shape.of(2, 72, 12, 12);
        PlanOptions.Builder options = PlanOptions.builder().threads(1).isa(Isa.AVX2);
        assumeTrue(Isas.available().contains(Isa.AVX2));
        try (ConvPlan auto = ConvPlan.create(spec, source, options.build());
                ConvPlan onednn = ConvPlan.create(
                        spec,
                        source,
                        options.implementation(Implementation.ONEDNN).build())) {
            assumeTrue(onednn.describe().passes().get(0).implementation().contains("jit:avx2"));
            assertEquals(Layout.CHANNELS_LAST, auto.sourceLayout());
            assertEquals(Layout.CHANNELS_LAST, auto.outputLayout());
            assertEquals(List.of(false, false, true), own(auto));
        }
    }

    @Test
    void gradientsOfUpsamplingWeightsAreLeftToOwnKernelsOnAvx2() {
        ConvSpec spec = ConvSpec.builder(48, 24).kernel(4, 4).stride(2).build();
        PlanOptions options = PlanOptions.builder().threads(1).isa(Isa.AVX2).build();
        assumeTrue(Isas.available().contains(Isa.AVX2));
        try (TransposedConvPlan plan = TransposedConvPlan.create(spec, Shape.of(2, 48, 6, 6), options)) {
            List<PassDescription> passes = plan.describe().passes();
            assumeTrue(passes.get(0).implementation().contains("brg"));
            assertTrue(isOwn(passes.get(2)));
        }
    }

    private static List<Boolean> ownPasses(long inChannels, long outChannels, PlanOptions options) {
        ConvSpec spec = ConvSpec.builder(inChannels, outChannels)
                .kernel(3, 3)
                .padding(Padding.same())
                .build();
        try (ConvPlan plan = ConvPlan.create(spec, Shape.of(2, inChannels, 12, 12), options);
                ConvPlan again = plan.withBatch(3)) {
            List<Boolean> own = own(plan);
            assertEquals(own, own(again));
            return own;
        }
    }

    private static List<Boolean> own(ConvPlan plan) {
        return plan.describe().passes().stream()
                .limit(3)
                .map(ConvPlanTest::isOwn)
                .toList();
    }
}
