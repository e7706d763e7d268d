package io.conv4j.examples;

import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.List;

/**
 * The optimizer of Kingma and Ba (2015): a step against the running mean of the gradient, divided by the root of its
 * running square. It goes over elements as they lie in memory, whatever a tensor's layout is: padding lanes have gradient
 * 0 and stay as they are.
 */
final class Adam {
    private static final double MEAN_DECAY = 0.9;
    private static final double SQUARE_DECAY = 0.999;
    private static final float EPSILON = 1e-8f;

    private final List<Parameter> parameters = new ArrayList<>();
    private int steps;

    private record Parameter(FloatBuffer values, FloatBuffer gradient, float[] mean, float[] square) {}

    void add(FloatBuffer values, FloatBuffer gradient) {
        int size = values.capacity();
        parameters.add(new Parameter(values, gradient, new float[size], new float[size]));
    }

    /** Moves all values by one step at this learning rate, by what their gradients hold now. */
    void step(double rate) {
        steps++;
        float meanScale = (float) (rate / (1 - Math.pow(MEAN_DECAY, steps)));
        float squareScale = (float) (1 / (1 - Math.pow(SQUARE_DECAY, steps)));
        for (Parameter parameter : parameters) {
            step(parameter.values, parameter.gradient, parameter.mean, parameter.square, meanScale, squareScale);
        }
    }

    private static void step(
            FloatBuffer values,
            FloatBuffer gradient,
            float[] mean,
            float[] square,
            float meanScale,
            float squareScale) {
        for (int i = 0; i < mean.length; i++) {
            float g = gradient.get(i);
            mean[i] += (float) (1 - MEAN_DECAY) * (g - mean[i]);
            square[i] += (float) (1 - SQUARE_DECAY) * (g * g - square[i]);
            float step = meanScale * mean[i] / ((float) Math.sqrt(squareScale * square[i]) + EPSILON);
            values.put(i, values.get(i) - step);
        }
    }
}
