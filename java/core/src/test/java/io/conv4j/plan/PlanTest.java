package io.conv4j.plan;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import io.conv4j.memory.Tensor;
import io.conv4j.reference.ConvCase;
import io.conv4j.reference.NaiveConvolution;
import io.conv4j.reference.Numbers;
import io.conv4j.spec.BiasMode;
import io.conv4j.spec.Shape;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** What both kinds of plans promise, for every case of the kind's list. */
abstract class PlanTest {
    abstract Plan plan(ConvCase c, PlanOptions options);

    private Plan plan(ConvCase c, int threads) {
        return plan(c, PlanOptions.builder().threads(threads).build());
    }

    private Plan plan(ConvCase c) {
        return plan(c, 1);
    }

    private static Tensor bias(Plan plan) {
        return plan.spec().bias() == BiasMode.NONE
                ? null
                : Tensor.of(Numbers.FLOATS.fill(plan.biasShape(), 3), plan.biasShape());
    }

    private static Tensor forward(Plan plan, Tensor x, Tensor w, Tensor b) {
        return b == null ? plan.forward(x, w) : plan.forward(x, w, b);
    }

    private static float[] toArray(Tensor tensor) {
        return tensor == null ? null : tensor.toFloatArray();
    }

    @ParameterizedTest
    @MethodSource("cases")
    void everyPassAgreesWithTheReferenceInEveryLayoutAndForm(ConvCase c) {
        try (Plan plan = plan(c);
                Plan onTwoThreads = plan(c, 2)) {
            for (Numbers numbers : List.of(Numbers.FLOATS, Numbers.INTEGERS)) {
                PassCheck check = new PassCheck(plan.geometry(), numbers);
                check.run(plan, PassCheck.PAIRWISE);
                check.run(onTwoThreads, PassCheck.OWN);
            }
        }
    }

    @ParameterizedTest
    @MethodSource("cases")
    void denormalsAreNotFlushed(ConvCase c) {
        try (Plan plan = plan(c)) {
            new PassCheck(plan.geometry(), Numbers.TINY).run(plan, PassCheck.OWN);
        }
    }

    @ParameterizedTest
    @MethodSource("cases")
    void nanAndInfinityReachWhatTheyTouchAndNothingElse(ConvCase c) {
        try (Plan plan = plan(c);
                Tensor x = Tensor.of(Numbers.SPECIAL.fill(plan.sourceShape(), 1), plan.sourceShape());
                Tensor w = Tensor.of(Numbers.FLOATS.fill(plan.weightsShape(), 2), plan.weightsShape());
                Tensor b = bias(plan);
                Tensor dy = Tensor.of(Numbers.SPECIAL.fill(plan.outputShape(), 4), plan.outputShape());
                Tensor y = forward(plan, x, w, b);
                Tensor dx = plan.backwardData(dy, w)) {
            NaiveConvolution reference = new NaiveConvolution(plan.geometry());
            reference.forward(x.toFloatArray(), w.toFloatArray(), toArray(b)).check("forward", y.toFloatArray());
            reference.backwardData(dy.toFloatArray(), w.toFloatArray()).check("backwardData", dx.toFloatArray());
        }
    }

    @ParameterizedTest
    @MethodSource("cases")
    void gradientsOfWeightsServeAsWeights(ConvCase c) {
        try (Plan plan = plan(c);
                Tensor x = Tensor.of(Numbers.FLOATS.fill(plan.sourceShape(), 1), plan.sourceShape());
                Tensor b = bias(plan);
                Tensor dy = Tensor.of(Numbers.FLOATS.fill(plan.outputShape(), 4), plan.outputShape());
                Tensor w = plan.backwardWeights(x, dy);
                Tensor y = forward(plan, x, w, b);
                Tensor dx = plan.backwardData(dy, w)) {
            assertEquals(plan.weightsLayout(), w.layout());
            NaiveConvolution reference = new NaiveConvolution(plan.geometry());
            reference.forward(x.toFloatArray(), w.toFloatArray(), toArray(b)).check("forward", y.toFloatArray());
            reference.backwardData(dy.toFloatArray(), w.toFloatArray()).check("backwardData", dx.toFloatArray());
        }
    }

    @ParameterizedTest
    @MethodSource("cases")
    void plansOfOtherBatchesShareItsWeights(ConvCase c) {
        Shape image = c.source();
        try (Plan plan = plan(c);
                Tensor w = Tensor.of(
                        Numbers.INTEGERS.fill(plan.weightsShape(), 2), plan.weightsShape(), plan.weightsLayout())) {
            for (long batch : List.of(0L, 1L, image.size(0) + 2)) {
                ConvCase changed = new ConvCase(c.name(), c.spec(), image.with(0, batch));
                try (Plan created = plan(changed);
                        Plan shared = plan.withBatch(batch)) {
                    assertEquals(plan.weightsLayout(), created.weightsLayout(), "created for batch " + batch);
                    assertEquals(plan.weightsLayout(), shared.weightsLayout(), "shared by batch " + batch);
                    assertEquals(plan.sourceLayout(), shared.sourceLayout());
                    assertEquals(plan.outputLayout(), shared.outputLayout());
                    assertEquals(created.geometry(), shared.geometry());
                    assertEquals(created.sourceShape(), shared.sourceShape());
                    assertEquals(created.outputShape(), shared.outputShape());
                    assertEquals(created.options().threads(), shared.options().threads());
                    PassCheck check = new PassCheck(created.geometry(), Numbers.INTEGERS);
                    check.run(shared, PassCheck.OWN);
                    check.forward(shared, w);
                    check.forward(created, w);
                }
            }
        }
    }

    @ParameterizedTest
    @MethodSource("cases")
    void theSameCallGivesTheSameBits(ConvCase c) {
        for (int threads = 1; threads <= 2; threads++) {
            try (Plan plan = plan(c, threads);
                    Tensor x = Tensor.of(Numbers.FLOATS.fill(plan.sourceShape(), 1), plan.sourceShape());
                    Tensor w = Tensor.of(Numbers.FLOATS.fill(plan.weightsShape(), 2), plan.weightsShape());
                    Tensor b = bias(plan);
                    Tensor dy = Tensor.of(Numbers.FLOATS.fill(plan.outputShape(), 4), plan.outputShape())) {
                float[][] first = passes(plan, x, w, b, dy);
                try (Plan again = plan(c, threads)) {
                    float[][] second = passes(again, x, w, b, dy);
                    for (int i = 0; i < first.length; i++) {
                        assertArrayEquals(first[i], second[i], "pass " + i + " on " + threads + " threads");
                    }
                }
            }
        }
    }

    private static float[][] passes(Plan plan, Tensor x, Tensor w, Tensor b, Tensor dy) {
        try (Tensor y = forward(plan, x, w, b);
                Tensor dx = plan.backwardData(dy, w);
                Tensor dw = plan.backwardWeights(x, dy);
                Tensor db = b == null ? null : plan.backwardBias(dy)) {
            return new float[][] {y.toFloatArray(), dx.toFloatArray(), dw.toFloatArray(), toArray(db)};
        }
    }
}
