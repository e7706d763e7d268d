package io.conv4j.plan;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.conv4j.memory.Layout;
import io.conv4j.memory.Tensor;
import io.conv4j.reference.Cases;
import io.conv4j.reference.ConvCase;
import io.conv4j.reference.Expected;
import io.conv4j.reference.NaiveConvolution;
import io.conv4j.reference.Numbers;
import io.conv4j.spec.BiasMode;
import io.conv4j.spec.ConvGeometry;
import io.conv4j.spec.ConvSpec;
import io.conv4j.spec.Shape;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.DoubleUnaryOperator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** What forward passes apply to their results: every function and the residual, for every implementation and layout. */
class ActivationTest {
    private static final double EPSILON = 0x1p-23;

    /** @param steepest slope; errors in units of the value's and of the argument's rounding */
    private record Function(
            Activation activation, DoubleUnaryOperator exact, double steepest, double ofValue, double ofArgument) {}

    private static final List<Function> FUNCTIONS = List.of(
            new Function(Activation.NONE, x -> x, 1, 0, 0),
            new Function(Activation.RELU, x -> Math.max(x, 0), 1, 0, 0),
            // One product, rounded.
            new Function(Activation.leakyRelu(0.1f), x -> x < 0 ? 0.1f * x : x, 1, 1, 0),
            new Function(Activation.SIGMOID, x -> 1 / (1 + Math.exp(-x)), 0.25, 4, 0),
            new Function(Activation.TANH, Math::tanh, 1, 4, 0),
            // Half of the error of erf, 1.5e-7, which is 1.3 roundings, and three of its own.
            new Function(Activation.GELU, ActivationTest::gelu, 1.13, 0, 4));

    /** By the normal distribution's series, whose terms are all positive: x (1/2 + density x (1 + x^2 / 3 + ...)). */
    private static double gelu(double x) {
        if (Math.abs(x) > 12) {
            return Math.max(x, 0);
        }
        double term = x;
        double sum = x;
        for (int k = 1; Math.abs(term) > 1e-17 * Math.abs(sum); k++) {
            term *= x * x / (2 * k + 1);
            sum += term;
        }
        return x * (0.5 + sum * Math.exp(-x * x / 2) / Math.sqrt(2 * Math.PI));
    }

    static List<ConvCase> convolutions() {
        List<ConvCase> cases = new ArrayList<>(Cases.some(Cases.convolutions()));
        cases.addAll(Cases.some(Cases.unshared()));
        return cases;
    }

    static List<ConvCase> transposed() {
        List<ConvCase> cases = new ArrayList<>(Cases.some(Cases.transposed()));
        cases.addAll(Cases.some(Cases.transposedUnshared()));
        return cases;
    }

    private interface Factory {
        Plan create(PlanOptions options);
    }

    @ParameterizedTest
    @MethodSource("convolutions")
    void everyFunctionFollowsAConvolution(ConvCase c) {
        check(c.geometry(), options -> ConvPlan.create(c.spec(), c.source(), options));
    }

    @ParameterizedTest
    @MethodSource("transposed")
    void everyFunctionFollowsATransposedLayer(ConvCase c) {
        check(c.transposedGeometry(), options -> TransposedConvPlan.create(c.spec(), c.source(), options));
    }

    private static void check(ConvGeometry geometry, Factory factory) {
        List<Forward> passes = List.of(new Forward(geometry, Numbers.FLOATS), new Forward(geometry, Numbers.SPECIAL));
        for (Function function : FUNCTIONS) {
            for (boolean residual : new boolean[] {false, true}) {
                PlanOptions options = PlanOptions.builder()
                        .threads(1)
                        .activation(function.activation)
                        .residual(residual)
                        .build();
                try (Plan plan = factory.create(options)) {
                    for (Forward pass : passes) {
                        pass.check(plan, function, plan.outputLayout());
                        pass.check(plan, function, Layout.CHANNELS_FIRST);
                        pass.check(plan, function, Layout.CHANNELS_LAST);
                    }
                }
            }
        }
    }

    /** The operands of a forward pass, and what it gives before the activation. */
    private static final class Forward {
        private final float[] source;
        private final float[] weights;
        private final float[] bias;
        private final float[] residual;
        private final Expected sum;
        private final Expected sumWithResidual;

        Forward(ConvGeometry geometry, Numbers numbers) {
            NaiveConvolution reference = new NaiveConvolution(geometry);
            source = numbers.fill(reference.sourceShape(), 1);
            weights = Numbers.FLOATS.fill(geometry.weightsShape(), 2);
            bias = geometry.bias() == BiasMode.NONE ? null : Numbers.FLOATS.fill(geometry.biasShape(), 3);
            residual = Numbers.FLOATS.fill(reference.outputShape(), 4);
            sum = reference.forward(source, weights, bias);
            sumWithResidual = sum.plus(residual);
        }

        void check(Plan plan, Function function, Layout layout) {
            try (Tensor x = Tensor.of(source, plan.sourceShape());
                    Tensor w = Tensor.of(weights, plan.weightsShape());
                    Tensor b = bias == null ? null : Tensor.of(bias, plan.biasShape());
                    Tensor y = Tensor.of(residual, plan.outputShape(), layout)) {
                if (b == null) {
                    plan.forwardInto(x, w, y);
                } else {
                    plan.forwardInto(x, w, b, y);
                }
                (plan.options().residual() ? sumWithResidual : sum)
                        .checkMapped(
                                plan + " " + plan.options() + " in " + layout,
                                y.toFloatArray(),
                                function.exact,
                                function.steepest,
                                function.ofValue * EPSILON,
                                function.ofArgument * EPSILON);
            }
        }
    }

    @Test
    void whatIsNoFiniteNumberPasses() {
        float[] values = {Float.NaN, Float.POSITIVE_INFINITY, Float.NEGATIVE_INFINITY, -2, 3};
        int channels = 16;
        ConvSpec spec = ConvSpec.depthwise(channels).kernel(1, 1).build();
        float[] source = new float[channels * values.length];
        for (int i = 0; i < source.length; i++) {
            source[i] = values[i % values.length];
        }
        float[] ones = new float[channels];
        Arrays.fill(ones, 1);
        List<Function> functions = new ArrayList<>(FUNCTIONS);
        functions.add(new Function(Activation.leakyRelu(0), x -> Math.max(x, 0), 1, 0, 0));
        for (Implementation implementation : List.of(Implementation.ONEDNN, Implementation.KERNELS)) {
            for (Function function : functions) {
                PlanOptions options = PlanOptions.builder()
                        .threads(1)
                        .implementation(implementation)
                        .activation(function.activation)
                        .build();
                try (ConvPlan plan = ConvPlan.create(spec, Shape.of(1, channels, 1, values.length), options);
                        Tensor x = Tensor.of(source, plan.sourceShape());
                        Tensor w = Tensor.of(ones, plan.weightsShape());
                        Tensor y = plan.forward(x, w)) {
                    float[] output = y.toFloatArray();
                    for (int i = 0; i < output.length; i++) {
                        double expected = function.exact.applyAsDouble(source[i]);
                        double allowed = Double.isFinite(expected) ? 1e-6 * Math.max(1, Math.abs(expected)) : 1;
                        assertEquals(expected, output[i], allowed, plan + " " + options);
                    }
                }
            }
        }
    }

    @Test
    void backwardPassesTakeTheGradientBeforeTheActivation() {
        ConvCase c = Cases.convolutions().get(0);
        PlanOptions.Builder options = PlanOptions.builder().threads(1);
        try (Plan plain = ConvPlan.create(c.spec(), c.source(), options.build());
                Plan activated = ConvPlan.create(
                        c.spec(),
                        c.source(),
                        options.activation(Activation.TANH).residual(true).build());
                Tensor x = Tensor.of(Numbers.FLOATS.fill(plain.sourceShape(), 1), plain.sourceShape());
                Tensor w = Tensor.of(Numbers.FLOATS.fill(plain.weightsShape(), 2), plain.weightsShape());
                Tensor dy = Tensor.of(Numbers.FLOATS.fill(plain.outputShape(), 3), plain.outputShape());
                Tensor dx = plain.backwardData(dy, w);
                Tensor dw = plain.backwardWeights(x, dy);
                Tensor activatedDx = activated.backwardData(dy, w);
                Tensor activatedDw = activated.backwardWeights(x, dy)) {
            assertArrayEquals(dx.toFloatArray(), activatedDx.toFloatArray());
            assertArrayEquals(dw.toFloatArray(), activatedDw.toFloatArray());
        }
    }

    @Test
    void activationsAreValues() {
        assertEquals(Activation.leakyRelu(0.5f), Activation.leakyRelu(0.5f));
        assertEquals(
                Activation.leakyRelu(0.5f).hashCode(),
                Activation.leakyRelu(0.5f).hashCode());
        assertNotEquals(Activation.leakyRelu(0.5f), Activation.leakyRelu(0.25f));
        assertEquals(Activation.leakyRelu(0), Activation.leakyRelu(-0f));
        assertNotEquals(Activation.RELU, Activation.GELU);
        PlanOptions options = PlanOptions.builder()
                .activation(Activation.leakyRelu(0.5f))
                .residual(true)
                .build();
        assertTrue(options.toString().endsWith(", activation leaky_relu 0.5, residual"), options::toString);
    }
}
