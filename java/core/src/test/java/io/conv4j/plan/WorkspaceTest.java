package io.conv4j.plan;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.conv4j.memory.DataType;
import io.conv4j.memory.Tensor;
import io.conv4j.spec.BiasMode;
import io.conv4j.spec.ConvSpec;
import io.conv4j.spec.Padding;
import io.conv4j.spec.Shape;
import io.conv4j.spec.Sharing;
import java.util.function.Supplier;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** A plan says beforehand what a call takes. */
class WorkspaceTest {
    @ParameterizedTest
    @EnumSource
    void aCallTakesWhatItsPlanSays(BiasMode bias) {
        for (long batch : new long[] {4, 0}) {
            for (boolean residual : new boolean[] {false, true}) {
                PlanOptions options = PlanOptions.builder().residual(residual).build();
                check(Sharing.shared(), bias, batch, options);
                check(Sharing.tiled(2), bias, batch, options);
            }
        }
    }

    @ParameterizedTest
    @EnumSource
    void alsoWithoutAGradientOfTheWeights(BiasMode bias) {
        check(
                Sharing.local(),
                bias,
                1,
                PlanOptions.builder().weightsType(DataType.BF16).build());
    }

    private static void check(Sharing sharing, BiasMode bias, long batch, PlanOptions options) {
        ConvSpec.Builder layer = ConvSpec.builder(16, 24)
                .kernel(3, 3)
                .padding(Padding.same())
                .sharing(sharing)
                .bias(bias);
        check(() -> ConvPlan.create(layer.build(), Shape.of(batch, 16, 20, 20), options));
        if (bias == BiasMode.NONE || bias == BiasMode.CHANNEL) {
            ConvSpec upsampling = layer.stride(2).build();
            check(() -> TransposedConvPlan.create(upsampling, Shape.of(batch, 16, 20, 20), options));
        }
    }

    private static void check(Supplier<Plan> create) {
        try (Plan plan = create.get()) {
            long most = 0;
            for (Pass pass : Pass.values()) {
                if (pass == Pass.BACKWARD_WEIGHTS && !plan.trains()
                        || pass == Pass.BACKWARD_BIAS && plan.spec().bias() == BiasMode.NONE) {
                    continue;
                }
                for (Accumulate accumulate : Accumulate.values()) {
                    most = Math.max(most, taken(create, pass, accumulate));
                }
            }
            assertEquals(plan.workspaceBytes(), most, plan::toString);
        }
    }

    /** By a new plan's first call, which its description must agree with if it speaks of such calls. */
    private static long taken(Supplier<Plan> create, Pass pass, Accumulate accumulate) {
        try (Plan plan = create.get();
                Tensor x = Tensor.zeros(plan.sourceShape(), plan.sourceLayout());
                Tensor w = Tensor.zeros(plan.weightsShape(), plan.weightsLayout());
                Tensor y = Tensor.zeros(plan.outputShape(), plan.outputLayout());
                Tensor b = plan.spec().bias() == BiasMode.NONE ? null : Tensor.zeros(plan.biasShape())) {
            long before = Tensor.liveBytes();
            switch (pass) {
                case FORWARD -> {
                    if (b == null) {
                        plan.forwardInto(x, w, y);
                    } else {
                        plan.forwardInto(x, w, b, y);
                    }
                }
                case BACKWARD_DATA -> plan.backwardDataInto(y, w, x, accumulate);
                case BACKWARD_WEIGHTS -> plan.backwardWeightsInto(x, y, w, accumulate);
                default -> plan.backwardBiasInto(y, b, accumulate);
            }
            long taken = Tensor.liveBytes() - before; // kept for the next call
            if (pass == Pass.FORWARD || accumulate == Accumulate.OVERWRITE) {
                plan.describe().passes().stream()
                        .filter(described -> described.name().equals(pass.method))
                        .forEach(described ->
                                assertEquals(described.workspaceBytes(), taken, () -> plan + " " + described));
            }
            return taken;
        }
    }
}
