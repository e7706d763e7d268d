package io.conv4j.plan;

import io.conv4j.memory.Tensor;

/** A plan's passes on arrays in logical order, for one layer without much ado. */
record ArrayPlan(Plan plan) implements AutoCloseable {
    float[] forward(float[] source, float[] weights, float[] bias) {
        try (Tensor x = Tensor.of(source, plan.sourceShape());
                Tensor w = Tensor.of(weights, plan.weightsShape());
                Tensor b = bias == null ? null : Tensor.of(bias, plan.biasShape());
                Tensor y = b == null ? plan.forward(x, w) : plan.forward(x, w, b)) {
            return y.toFloatArray();
        }
    }

    float[] forward(float[] source, float[] weights) {
        return forward(source, weights, null);
    }

    float[] backwardData(float[] outputGradient, float[] weights) {
        try (Tensor dy = Tensor.of(outputGradient, plan.outputShape());
                Tensor w = Tensor.of(weights, plan.weightsShape());
                Tensor dx = plan.backwardData(dy, w)) {
            return dx.toFloatArray();
        }
    }

    float[] backwardWeights(float[] source, float[] outputGradient) {
        try (Tensor x = Tensor.of(source, plan.sourceShape());
                Tensor dy = Tensor.of(outputGradient, plan.outputShape());
                Tensor dw = plan.backwardWeights(x, dy)) {
            return dw.toFloatArray();
        }
    }

    float[] backwardBias(float[] outputGradient) {
        try (Tensor dy = Tensor.of(outputGradient, plan.outputShape());
                Tensor db = plan.backwardBias(dy)) {
            return db.toFloatArray();
        }
    }

    @Override
    public void close() {
        plan.close();
    }
}
