package io.conv4j.plan;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.conv4j.memory.Tensor;
import io.conv4j.reference.ConvCase;
import io.conv4j.reference.Numbers;
import io.conv4j.spec.BiasMode;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** What plans on own kernels promise, for every sharing. */
abstract class KernelsTest {
    abstract Plan create(ConvCase c, PlanOptions options);

    static PlanOptions.Builder kernels(int threads) {
        return PlanOptions.builder().threads(threads).implementation(Implementation.KERNELS);
    }

    @ParameterizedTest
    @MethodSource("someCases")
    void everyPassAgreesWithTheReferenceInEveryLayoutAndForm(ConvCase c) {
        try (Plan plan = create(c, kernels(1).build())) {
            new PassCheck(plan.geometry(), Numbers.INTEGERS).run(plan, PassCheck.PAIRWISE);
        }
    }

    @ParameterizedTest
    @MethodSource("cases")
    void everyInstructionSetAgreesWithTheReference(ConvCase c) {
        Map<Numbers, PassCheck> checks = new EnumMap<>(Numbers.class);
        for (Isa isa : Isas.available()) {
            try (Plan plan = create(c, kernels(1).isa(isa).build())) {
                String name = "kernels " + isa.name().toLowerCase(java.util.Locale.ROOT) + " ";
                String implementation = plan.describe().passes().get(0).implementation();
                assertTrue(implementation.startsWith(name), implementation);
                for (Numbers numbers : List.of(Numbers.FLOATS, Numbers.INTEGERS)) {
                    checks.computeIfAbsent(numbers, n -> new PassCheck(plan.geometry(), n))
                            .run(plan, PassCheck.OWN);
                }
            }
        }
    }

    @ParameterizedTest
    @MethodSource("cases")
    void theBitsAreThoseOfAnyNumberOfThreads(ConvCase c) {
        float[][] first = null;
        for (int threads : new int[] {1, 2, 3, 8}) {
            try (Plan plan = create(c, kernels(threads).build())) {
                float[][] passes = passes(plan);
                if (first == null) {
                    first = passes;
                }
                for (int i = 0; i < passes.length; i++) {
                    assertArrayEquals(first[i], passes[i], "pass " + i + " on " + threads + " threads");
                }
            }
        }
    }

    private static float[][] passes(Plan plan) {
        boolean biased = plan.spec().bias() != BiasMode.NONE;
        try (Tensor x = Tensor.of(Numbers.FLOATS.fill(plan.sourceShape(), 1), plan.sourceShape());
                Tensor w = Tensor.of(Numbers.FLOATS.fill(plan.weightsShape(), 2), plan.weightsShape());
                Tensor b = biased ? Tensor.of(Numbers.FLOATS.fill(plan.biasShape(), 3), plan.biasShape()) : null;
                Tensor dy = Tensor.of(Numbers.FLOATS.fill(plan.outputShape(), 4), plan.outputShape());
                Tensor y = biased ? plan.forward(x, w, b) : plan.forward(x, w);
                Tensor dx = plan.backwardData(dy, w);
                Tensor dw = plan.backwardWeights(x, dy);
                Tensor db = biased ? plan.backwardBias(dy) : null) {
            return new float[][] {
                y.toFloatArray(), dx.toFloatArray(), dw.toFloatArray(), biased ? db.toFloatArray() : new float[0]
            };
        }
    }
}
