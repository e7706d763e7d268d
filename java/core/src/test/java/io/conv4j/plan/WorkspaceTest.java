package io.conv4j.plan;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.conv4j.memory.Tensor;
import io.conv4j.spec.BiasMode;
import io.conv4j.spec.ConvSpec;
import io.conv4j.spec.Padding;
import io.conv4j.spec.Shape;
import io.conv4j.spec.Sharing;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** A plan says beforehand what a call takes. */
class WorkspaceTest {
    private static final long HEAD_BYTES = 64;

    @ParameterizedTest
    @EnumSource
    void aCallTakesWhatItsPlanSays(BiasMode bias) {
        for (long batch : new long[] {4, 0}) {
            check(Sharing.shared(), bias, Shape.of(batch, 16, 20, 20));
            check(Sharing.tiled(2), bias, Shape.of(batch, 16, 20, 20));
        }
    }

    private static void check(Sharing sharing, BiasMode bias, Shape source) {
        ConvSpec spec = ConvSpec.builder(16, 24)
                .kernel(3, 3)
                .padding(Padding.same())
                .sharing(sharing)
                .bias(bias)
                .build();
        long most = 0;
        for (Accumulate accumulate : Accumulate.values()) {
            for (int pass = 0; pass < PlanEngine.PASSES; pass++) {
                if (pass != PlanEngine.BACKWARD_BIAS || bias != BiasMode.NONE) {
                    most = Math.max(most, taken(spec, source, pass, accumulate));
                }
            }
        }
        try (ConvPlan plan = ConvPlan.create(spec, source)) {
            assertEquals(plan.workspaceBytes(), most, plan::toString);
        }
    }

    /** By a new plan's first call, which its description must agree with if it speaks of such calls. */
    private static long taken(ConvSpec spec, Shape source, int pass, Accumulate accumulate) {
        boolean isResidual = accumulate == Accumulate.ADD && pass == PlanEngine.FORWARD;
        PlanOptions options = PlanOptions.builder().residual(isResidual).build();
        try (ConvPlan plan = ConvPlan.create(spec, source, options);
                Tensor x = Tensor.zeros(plan.sourceShape(), plan.sourceLayout());
                Tensor w = Tensor.zeros(plan.weightsShape(), plan.weightsLayout());
                Tensor y = Tensor.zeros(plan.outputShape(), plan.outputLayout());
                Tensor b = spec.bias() == BiasMode.NONE ? null : Tensor.zeros(plan.biasShape())) {
            long before = Tensor.liveBytes();
            switch (pass) {
                case PlanEngine.FORWARD -> {
                    if (b == null) {
                        plan.forwardInto(x, w, y);
                    } else {
                        plan.forwardInto(x, w, b, y);
                    }
                }
                case PlanEngine.BACKWARD_DATA -> plan.backwardDataInto(y, w, x, accumulate);
                case PlanEngine.BACKWARD_WEIGHTS -> plan.backwardWeightsInto(x, y, w, accumulate);
                default -> plan.backwardBiasInto(y, b, accumulate);
            }
            // Kept for the next call, behind a head of its own.
            long kept = Tensor.liveBytes() - before;
            long taken = kept == 0 ? 0 : kept - HEAD_BYTES;
            if (pass != PlanEngine.BACKWARD_BIAS && (isResidual || accumulate == Accumulate.OVERWRITE)) {
                PassDescription described = plan.describe().passes().get(pass);
                assertEquals(described.workspaceBytes(), taken, () -> plan + " " + described);
            }
            return taken;
        }
    }
}
