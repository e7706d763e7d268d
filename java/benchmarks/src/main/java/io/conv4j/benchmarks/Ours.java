package io.conv4j.benchmarks;

import io.conv4j.memory.DataType;
import io.conv4j.memory.Layout;
import io.conv4j.memory.Tensor;
import io.conv4j.plan.Accumulate;
import io.conv4j.plan.Plan;
import io.conv4j.plan.PlanOptions;
import io.conv4j.spec.Shape;
import java.util.List;
import java.util.Random;

/** This library: a plan with default options but for its weights' type, its operands in its layouts, results into the caller's tensors. */
final class Ours implements AutoCloseable {
    private final Plan plan;
    private final Tensor source;
    private final Tensor weights;
    private final Tensor output;

    Ours(Layer layer, long batch, int threads, DataType weightsType) {
        plan = layer.plan(
                batch,
                PlanOptions.builder().threads(threads).weightsType(weightsType).build());
        source = random(plan.sourceShape(), plan.sourceLayout());
        weights = random(plan.weightsShape(), plan.weightsLayout());
        output = random(plan.outputShape(), plan.outputLayout());
    }

    /** Has the Java side of a call compiled, as it is in a program that runs: interpreted it takes 40 microseconds. */
    static void warmUp() {
        for (Layer layer : List.of(Layer.SMALLEST, Layer.SMALLEST_TRANSPOSED)) {
            try (Ours ours = new Ours(layer, 1, 1, DataType.F32)) {
                for (Pass pass : Pass.values()) {
                    try (Side side = ours.side(pass)) {
                        for (int i = 0; i < 20; i++) {
                            side.seconds(2000);
                        }
                    }
                }
            }
        }
    }

    static Tensor random(Shape shape, Layout layout) {
        Random random = new Random(shape.elements());
        float[] values = new float[Math.toIntExact(shape.elements())];
        for (int i = 0; i < values.length; i++) {
            values[i] = 2 * random.nextFloat() - 1;
        }
        return Tensor.of(values, shape, layout);
    }

    /** Results go to a tensor of their own, so that no pass computes with another's. */
    Side side(Pass pass) {
        return switch (pass) {
            case FORWARD -> {
                Tensor result = Tensor.zeros(plan.outputShape(), plan.outputLayout());
                yield Side.of(() -> plan.forwardInto(source, weights, result), result::close);
            }
            case BACKWARD_DATA -> {
                Tensor result = Tensor.zeros(plan.sourceShape(), plan.sourceLayout());
                yield Side.of(
                        () -> plan.backwardDataInto(output, weights, result, Accumulate.OVERWRITE), result::close);
            }
            case BACKWARD_WEIGHTS -> {
                Tensor result = Tensor.zeros(plan.weightsShape(), plan.weightsLayout());
                yield Side.of(
                        () -> plan.backwardWeightsInto(source, output, result, Accumulate.OVERWRITE), result::close);
            }
        };
    }

    @Override
    public void close() {
        output.close();
        weights.close();
        source.close();
        plan.close();
    }
}
