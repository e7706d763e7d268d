package io.conv4j.examples;

import io.conv4j.memory.Layout;
import io.conv4j.memory.Tensor;
import io.conv4j.plan.Accumulate;
import io.conv4j.plan.Activation;
import io.conv4j.plan.ConvPlan;
import io.conv4j.plan.Plan;
import io.conv4j.plan.PlanOptions;
import io.conv4j.plan.TransposedConvPlan;
import io.conv4j.spec.BiasMode;
import io.conv4j.spec.ConvSpec;
import io.conv4j.spec.Padding;
import io.conv4j.spec.Shape;
import java.nio.FloatBuffer;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.random.RandomGenerator;

/**
 * The encoder-decoder, with a bias per channel everywhere and ReLU after all layers but the last:
 *
 * <pre>
 * images                          [n,  1, 28, 28]
 * convolution, k3 s2 p1           [n, 16, 14, 14]
 * convolution, k3 s2 p1           [n, 32,  7,  7]
 * transposed convolution, k4 s2 p1 [n, 16, 14, 14]
 * transposed convolution, k4 s2 p1 [n,  1, 28, 28]
 * </pre>
 *
 * Nothing is allocated once a batch size has been seen.
 */
final class Network implements AutoCloseable {
    private final List<Layer> layers;
    private final Adam adam = new Adam();
    private final Map<Integer, Pass> passes = new HashMap<>();

    Network(int batch, int threads, RandomGenerator random) {
        PlanOptions last = PlanOptions.builder().threads(threads).build();
        PlanOptions relu = PlanOptions.builder()
                .threads(threads)
                .activation(Activation.RELU)
                .build();
        ConvPlan wide = ConvPlan.create(convolution(1, 16), Shape.of(batch, 1, Images.SIDE, Images.SIDE), relu);
        ConvPlan narrow = ConvPlan.create(convolution(16, 32), wide.outputShape(), relu);
        TransposedConvPlan wider = TransposedConvPlan.create(transposed(32, 16), narrow.outputShape(), relu);
        TransposedConvPlan widest = TransposedConvPlan.create(transposed(16, 1), wider.outputShape(), last);
        layers = List.of(
                new Layer(wide, random),
                new Layer(narrow, random),
                new Layer(wider, random),
                new Layer(widest, random));
        for (Layer layer : layers) {
            adam.add(layer.weights.floats(), layer.weightsGradient.floats());
            adam.add(layer.bias.floats(), layer.biasGradient.floats());
        }
    }

    private static ConvSpec convolution(int inChannels, int outChannels) {
        return ConvSpec.builder(inChannels, outChannels)
                .kernel(3, 3)
                .stride(2)
                .padding(Padding.same())
                .bias(BiasMode.CHANNEL)
                .build();
    }

    private static ConvSpec transposed(int inChannels, int outChannels) {
        return ConvSpec.builder(inChannels, outChannels)
                .kernel(4, 4)
                .stride(2)
                .padding(Padding.explicit(1, 1, 1, 1))
                .bias(BiasMode.CHANNEL)
                .build();
    }

    /**
     * Learns from a batch.
     *
     * @param noisy {@code count} images or more
     * @param clean what they should become
     * @param rate the optimizer's step
     * @return the mean squared error before the step
     */
    double train(float[] noisy, float[] clean, int count, double rate) {
        Pass pass = pass(count);
        pass.forward(noisy);
        double loss = pass.loss(clean);
        pass.backward();
        adam.step(rate);
        return loss;
    }

    /** Removes the noise from images. */
    void reconstruct(float[] noisy, int count, float[] result) {
        Pass pass = pass(count);
        pass.forward(noisy);
        pass.last().get(0, result, 0, count * Images.PIXELS);
    }

    /** Kernels of the first layer, [16, 1, 3, 3]. */
    float[] firstKernels() {
        return layers.get(0).weights.tensor().toFloatArray();
    }

    private Pass pass(int count) {
        return passes.computeIfAbsent(count, Pass::new);
    }

    @Override
    public void close() {
        passes.values().forEach(Pass::close);
        layers.forEach(Layer::close);
    }

    /** A plan and what it learns. */
    private static final class Layer implements AutoCloseable {
        final Plan plan;
        final BufferTensor weights;
        final BufferTensor bias;
        final BufferTensor weightsGradient;
        final BufferTensor biasGradient;

        Layer(Plan plan, RandomGenerator random) {
            this.plan = plan;
            weights = BufferTensor.zeros(plan.weightsShape(), plan.weightsLayout());
            weightsGradient = BufferTensor.zeros(plan.weightsShape(), plan.weightsLayout());
            bias = BufferTensor.zeros(plan.biasShape(), Layout.CHANNELS_FIRST);
            biasGradient = BufferTensor.zeros(plan.biasShape(), Layout.CHANNELS_FIRST);
            weights.tensor().copyFrom(initialWeights(plan, random));
        }

        /** Normal, of a variance that keeps that of the activations: 2 / terms of an output's sum. */
        private static float[] initialWeights(Plan plan, RandomGenerator random) {
            double terms = (double) plan.weightsShape().elements()
                    * plan.geometry().outputShape().elements()
                    / plan.outputShape().elements()
                    / plan.geometry().outChannels();
            float[] values = new float[(int) plan.weightsShape().elements()];
            for (int i = 0; i < values.length; i++) {
                values[i] = (float) (random.nextGaussian() * Math.sqrt(2 / terms));
            }
            return values;
        }

        @Override
        public void close() {
            weights.close();
            bias.close();
            weightsGradient.close();
            biasGradient.close();
            plan.close();
        }
    }

    /** All layers for one batch size: their plans, outputs and the gradients of these. */
    private final class Pass implements AutoCloseable {
        private final BufferTensor source;
        private final Plan[] plans = new Plan[layers.size()];
        private final BufferTensor[] outputs = new BufferTensor[layers.size()];
        private final BufferTensor[] gradients = new BufferTensor[layers.size()];

        Pass(int count) {
            for (int i = 0; i < plans.length; i++) {
                plans[i] = layers.get(i).plan.withBatch(count);
                // The loss reads the last output as numbers.
                Layout layout = i < plans.length - 1 ? plans[i].outputLayout() : Layout.CHANNELS_FIRST;
                outputs[i] = BufferTensor.zeros(plans[i].outputShape(), layout);
                gradients[i] = BufferTensor.zeros(plans[i].outputShape(), layout);
            }
            source = BufferTensor.zeros(plans[0].sourceShape(), Layout.CHANNELS_FIRST);
        }

        FloatBuffer last() {
            return outputs[outputs.length - 1].floats();
        }

        private Tensor sourceOf(int layer) {
            return (layer == 0 ? source : outputs[layer - 1]).tensor();
        }

        void forward(float[] images) {
            source.floats().put(0, images, 0, source.floats().capacity());
            for (int i = 0; i < plans.length; i++) {
                Layer layer = layers.get(i);
                plans[i].forwardInto(sourceOf(i), layer.weights.tensor(), layer.bias.tensor(), outputs[i].tensor());
            }
        }

        /** The mean squared error of the last output, whose gradient it leaves behind. */
        double loss(float[] clean) {
            FloatBuffer output = last();
            FloatBuffer gradient = gradients[gradients.length - 1].floats();
            int pixels = output.capacity();
            double sum = 0;
            for (int i = 0; i < pixels; i++) {
                float difference = output.get(i) - clean[i];
                sum += difference * difference;
                gradient.put(i, 2 * difference / pixels);
            }
            return sum / pixels;
        }

        void backward() {
            for (int i = plans.length - 1; i >= 0; i--) {
                Layer layer = layers.get(i);
                Tensor gradient = gradients[i].tensor();
                if (i < plans.length - 1) {
                    reluGradient(outputs[i].floats(), gradients[i].floats());
                }
                plans[i].backwardWeightsInto(
                        sourceOf(i), gradient, layer.weightsGradient.tensor(), Accumulate.OVERWRITE);
                plans[i].backwardBiasInto(gradient, layer.biasGradient.tensor(), Accumulate.OVERWRITE);
                if (i > 0) {
                    plans[i].backwardDataInto(
                            gradient, layer.weights.tensor(), gradients[i - 1].tensor(), Accumulate.OVERWRITE);
                }
            }
        }

        @Override
        public void close() {
            source.close();
            for (int i = 0; i < plans.length; i++) {
                outputs[i].close();
                gradients[i].close();
                plans[i].close();
            }
        }
    }

    /** Stops the gradient where the output was cut to 0. */
    private static void reluGradient(FloatBuffer outputs, FloatBuffer gradient) {
        for (int i = 0; i < outputs.capacity(); i++) {
            if (outputs.get(i) == 0) {
                gradient.put(i, 0);
            }
        }
    }
}
