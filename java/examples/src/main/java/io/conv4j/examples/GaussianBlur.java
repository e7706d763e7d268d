package io.conv4j.examples;

import io.conv4j.memory.Tensor;
import io.conv4j.plan.ConvPlan;
import io.conv4j.plan.PlanOptions;
import io.conv4j.spec.ConvSpec;
import io.conv4j.spec.Padding;
import io.conv4j.spec.Shape;

/**
 * What a network has to beat: the Gaussian blur that comes closest to the clean images.
 *
 * @param sigma its standard deviation in pixels
 * @param meanSquaredError what it leaves
 */
record GaussianBlur(double sigma, double meanSquaredError) {
    private static final int RADIUS = 5;

    static GaussianBlur best(Images noisy, Images clean, PlanOptions options) {
        ConvSpec spec = ConvSpec.builder(1, 1)
                .kernel(2 * RADIUS + 1, 2 * RADIUS + 1)
                .padding(Padding.same())
                .build();
        Shape shape = Shape.of(noisy.count(), 1, Images.SIDE, Images.SIDE);
        GaussianBlur best = new GaussianBlur(0, noisy.meanSquaredError(clean));
        try (ConvPlan plan = ConvPlan.create(spec, shape, options);
                Tensor source = Tensor.of(noisy.pixels(), shape)) {
            for (int step = 6; step <= 40; step++) {
                double sigma = step / 20.0;
                try (Tensor kernel = Tensor.of(kernel(sigma), plan.weightsShape());
                        Tensor output = plan.forward(source, kernel)) {
                    double error = new Images(output.toFloatArray()).meanSquaredError(clean);
                    if (error < best.meanSquaredError) {
                        best = new GaussianBlur(sigma, error);
                    }
                }
            }
        }
        return best;
    }

    private static float[] kernel(double sigma) {
        int size = 2 * RADIUS + 1;
        double[] weights = new double[size * size];
        double sum = 0;
        for (int i = 0; i < weights.length; i++) {
            int y = i / size - RADIUS;
            int x = i % size - RADIUS;
            weights[i] = Math.exp(-(x * x + y * y) / (2 * sigma * sigma));
            sum += weights[i];
        }
        float[] kernel = new float[weights.length];
        for (int i = 0; i < kernel.length; i++) {
            kernel[i] = (float) (weights[i] / sum);
        }
        return kernel;
    }
}
