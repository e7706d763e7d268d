package io.conv4j.plan;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.conv4j.memory.DataType;
import io.conv4j.memory.Layout;
import io.conv4j.memory.Tensor;
import io.conv4j.reference.Bf16;
import io.conv4j.reference.Cases;
import io.conv4j.reference.ConvCase;
import io.conv4j.reference.NaiveConvolution;
import io.conv4j.reference.Numbers;
import io.conv4j.spec.BiasMode;
import io.conv4j.spec.ConvSpec;
import io.conv4j.spec.Shape;
import io.conv4j.spec.Sharing;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Plans whose weights are bf16: the same as plans of floats, on weights that were rounded before. */
class Bf16WeightsTest {
    /** A layer, and whether it is a transposed one. */
    record Layer(ConvCase c, boolean transposed) {
        Plan plan(PlanOptions options) {
            return transposed
                    ? TransposedConvPlan.create(c.spec(), c.source(), options)
                    : ConvPlan.create(c.spec(), c.source(), options);
        }

        PassCheck check(Numbers numbers) {
            return new PassCheck(transposed ? c.transposedGeometry() : c.geometry(), DataType.BF16, numbers);
        }

        @Override
        public String toString() {
            return c + (transposed ? ", transposed" : "");
        }
    }

    static List<Layer> layers() {
        List<Layer> layers = new ArrayList<>();
        for (ConvCase c : Cases.withSharings(Cases.convolutions())) {
            layers.add(new Layer(c, false));
        }
        for (ConvCase c : Cases.withSharings(Cases.transposed())) {
            layers.add(new Layer(c, true));
        }
        return layers;
    }

    static List<Layer> someLayers() {
        return Cases.some(layers());
    }

    private static PlanOptions.Builder bf16(int threads) {
        return KernelsTest.kernels(threads).weightsType(DataType.BF16);
    }

    @ParameterizedTest
    @MethodSource("layers")
    void everyInstructionSetAgreesWithTheReferenceOnRoundedWeights(Layer layer) {
        PassCheck floats = layer.check(Numbers.FLOATS);
        PassCheck integers = layer.check(Numbers.INTEGERS);
        for (Isa isa : Isas.available()) {
            try (Plan plan = layer.plan(bf16(1).isa(isa).build())) {
                String implementation = plan.describe().passes().get(0).implementation();
                assertTrue(implementation.endsWith(" bf16"), implementation);
                floats.run(plan, PassCheck.OWN);
                integers.run(plan, PassCheck.OWN);
            }
        }
    }

    @ParameterizedTest
    @MethodSource("layers")
    void weightsAreRoundedFromEveryLayout(Layer layer) {
        try (Plan plan = layer.plan(bf16(1).build())) {
            layer.check(Numbers.FLOATS).run(plan, PassCheck.PAIRWISE);
        }
    }

    @ParameterizedTest
    @MethodSource("someLayers")
    void denormalsAreNotFlushed(Layer layer) {
        PassCheck tiny = layer.check(Numbers.TINY);
        for (Isa isa : Isas.available()) {
            try (Plan plan = layer.plan(bf16(1).isa(isa).build())) {
                tiny.run(plan, PassCheck.OWN);
            }
        }
    }

    @ParameterizedTest
    @MethodSource("someLayers")
    void nanAndInfinityInWeightsReachWhatTheyTouchAndNothingElse(Layer layer) {
        for (Isa isa : Isas.available()) {
            try (Plan plan = layer.plan(bf16(1).isa(isa).build())) {
                float[] weights = Numbers.SPECIAL.fill(plan.weightsShape(), 2);
                float[] source = Numbers.FLOATS.fill(plan.sourceShape(), 1);
                float[] bias = bias(plan);
                new NaiveConvolution(plan.geometry())
                        .forward(source, Bf16.round(weights), bias)
                        .check("forward", new ArrayPlan(plan).forward(source, weights, bias));
            }
        }
    }

    @ParameterizedTest
    @MethodSource("layers")
    void theBitsAreThoseOfAnyNumberOfThreads(Layer layer) {
        for (Isa isa : Isas.available()) {
            float[] first = null;
            for (int threads : new int[] {1, 2, 3, 8}) {
                try (Plan plan = layer.plan(bf16(threads).isa(isa).build())) {
                    float[] output = forward(plan, Numbers.FLOATS.fill(plan.weightsShape(), 2));
                    first = first == null ? output : first;
                    assertArrayEquals(first, output, threads + " threads");
                }
            }
        }
    }

    private static float[] bias(Plan plan) {
        return plan.spec().bias() == BiasMode.NONE ? null : Numbers.FLOATS.fill(plan.biasShape(), 3);
    }

    private static float[] forward(Plan plan, float[] weights) {
        return new ArrayPlan(plan).forward(Numbers.FLOATS.fill(plan.sourceShape(), 1), weights, bias(plan));
    }

    private static final ConvSpec LOCAL =
            ConvSpec.builder(3, 17).kernel(3, 3).sharing(Sharing.local()).build();
    private static final Shape SOURCE = Shape.of(2, 3, 7, 8);

    @Test
    void theTypeIsPartOfTheLayout() {
        try (ConvPlan plan = ConvPlan.create(LOCAL, SOURCE, bf16(1).build());
                ConvPlan other = plan.withBatch(5);
                ConvPlan floats = ConvPlan.create(LOCAL, SOURCE)) {
            Layout layout = plan.weightsLayout();
            assertEquals(DataType.BF16, layout.dataType());
            assertEquals(layout, other.weightsLayout());
            assertEquals(DataType.BF16, other.options().weightsType());
            assertNotEquals(layout, floats.weightsLayout());
            for (Layout each : List.of(floats.weightsLayout(), plan.sourceLayout(), plan.outputLayout())) {
                assertEquals(DataType.F32, each.dataType());
            }
            String text = plan.describe().toString();
            assertTrue(
                    text.contains(plan.weightsShape() + " " + layout + ", others rounded to it in every call"), text);
            assertTrue(text.contains("backwardWeights  none: weights of BF16 are for inference"), text);
        }
    }

    @Test
    void aPlanOfFloatsTakesBf16AndRoundsItsGradientToIt() {
        try (ConvPlan plan = ConvPlan.create(LOCAL, SOURCE, bf16(1).build());
                ConvPlan floats = ConvPlan.create(LOCAL, SOURCE)) {
            float[] weights = Numbers.FLOATS.fill(plan.weightsShape(), 2);
            Supplier<Tensor> source = () -> Tensor.of(Numbers.FLOATS.fill(SOURCE, 1), SOURCE);
            try (Tensor x = source.get();
                    Tensor w = Tensor.of(weights, plan.weightsShape(), plan.weightsLayout());
                    Tensor y = floats.forward(x, w);
                    Tensor dw = floats.backwardWeights(x, y)) {
                new NaiveConvolution(plan.geometry())
                        .forward(x.toFloatArray(), Bf16.round(weights), null)
                        .check("forward", y.toFloatArray());
                floats.backwardWeightsInto(x, y, w, Accumulate.OVERWRITE);
                assertArrayEquals(Bf16.round(dw.toFloatArray()), w.toFloatArray());
            }
        }
    }
}
