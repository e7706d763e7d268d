package io.conv4j.plan;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import io.conv4j.internal.binding.Access;
import io.conv4j.internal.binding.NativeLibrary;
import io.conv4j.internal.binding.NativeMemory;
import io.conv4j.memory.DataType;
import io.conv4j.memory.Layout;
import io.conv4j.memory.Tensor;
import io.conv4j.reference.Bf16;
import io.conv4j.reference.Expected;
import io.conv4j.reference.NaiveConvolution;
import io.conv4j.reference.Numbers;
import io.conv4j.spec.BiasMode;
import io.conv4j.spec.ConvGeometry;
import io.conv4j.spec.Shape;
import java.util.List;
import java.util.function.Consumer;
import java.util.function.Supplier;

/**
 * Runs every pass of plans of one geometry in some layouts and forms, and compares with the reference, computed once; without
 * the weights' gradient where weights are bf16, which the reference then takes rounded.
 */
final class PassCheck {
    /** How a pass is called: for its result, or for a result laid in the caller's tensor or added to it. */
    enum Form {
        ALLOCATING,
        OVERWRITE,
        ADD
    }

    enum LayoutChoice {
        CHANNELS_FIRST,
        CHANNELS_LAST,
        OWN;

        Layout or(Layout own) {
            return switch (this) {
                case CHANNELS_FIRST -> Layout.CHANNELS_FIRST;
                case CHANNELS_LAST -> Layout.CHANNELS_LAST;
                case OWN -> own;
            };
        }
    }

    /** One way to call all passes. */
    record Way(LayoutChoice source, LayoutChoice weights, LayoutChoice output, Form form) {}

    /** Nine ways in which every two of the four choices meet in every combination (an orthogonal array). */
    static final List<Way> PAIRWISE = pairwise();

    private static List<Way> pairwise() {
        Way[] ways = new Way[9];
        for (int i = 0; i < 3; i++) {
            for (int j = 0; j < 3; j++) {
                ways[3 * i + j] = new Way(
                        LayoutChoice.values()[i],
                        LayoutChoice.values()[j],
                        LayoutChoice.values()[(i + j) % 3],
                        Form.values()[(i + 2 * j) % 3]);
            }
        }
        return List.of(ways);
    }

    /** Without conversions, for what does not depend on the layout. Fresh memory would hide what nothing writes. */
    static final List<Way> OWN = List.of(
            new Way(LayoutChoice.OWN, LayoutChoice.OWN, LayoutChoice.OWN, Form.OVERWRITE),
            new Way(LayoutChoice.OWN, LayoutChoice.OWN, LayoutChoice.OWN, Form.ADD));

    private final Numbers numbers;
    private final boolean biased;
    private final boolean bf16;
    private final float[] source;
    private final float[] weights;
    private final float[] bias;
    private final float[] outputGradient;
    private final Expected forward;
    private final Expected backwardData;
    private final Expected backwardWeights;
    private final Expected backwardBias;

    PassCheck(ConvGeometry geometry, Numbers numbers) {
        this(geometry, DataType.F32, numbers);
    }

    PassCheck(ConvGeometry geometry, DataType weightsType, Numbers numbers) {
        NaiveConvolution reference = new NaiveConvolution(geometry);
        this.numbers = numbers;
        this.biased = geometry.bias() != BiasMode.NONE;
        this.bf16 = weightsType == DataType.BF16;
        this.source = numbers.fill(reference.sourceShape(), 1);
        this.weights = numbers.fill(geometry.weightsShape(), 2);
        this.bias = biased ? numbers.fill(geometry.biasShape(), 3) : null;
        this.outputGradient = numbers.fill(reference.outputShape(), 4);
        float[] seen = bf16 ? Bf16.round(weights) : weights;
        this.forward = reference.forward(source, seen, bias);
        this.backwardData = reference.backwardData(outputGradient, seen);
        this.backwardWeights = bf16 ? null : reference.backwardWeights(source, outputGradient);
        this.backwardBias = biased ? reference.backwardBias(outputGradient) : null;
    }

    void run(Plan plan, List<Way> ways) {
        ways.forEach(way -> run(plan, way));
    }

    /** Forward alone, with a caller's tensor of these weights. */
    void forward(Plan plan, Tensor w) {
        try (Tensor x = Tensor.of(source, plan.sourceShape());
                Tensor b = biased ? Tensor.of(bias, plan.biasShape()) : null;
                Tensor y = biased ? plan.forward(x, w, b) : plan.forward(x, w)) {
            numbers.check("forward with " + w, forward, y.toFloatArray());
        }
    }

    private void run(Plan plan, Way way) {
        Layout sourceLayout = way.source().or(plan.sourceLayout());
        Layout weightsLayout = way.weights().or(plan.weightsLayout());
        Layout outputLayout = way.output().or(plan.outputLayout());
        try (Tensor x = Tensor.of(source, plan.sourceShape(), sourceLayout);
                Tensor w = Tensor.of(weights, plan.weightsShape(), weightsLayout);
                Tensor b = biased ? Tensor.of(bias, plan.biasShape()) : null;
                Tensor dy = Tensor.of(outputGradient, plan.outputShape(), outputLayout)) {
            check(
                    "forward " + way,
                    way.form() == Form.ADD ? Form.OVERWRITE : way.form(),
                    outputLayout,
                    plan.outputLayout(),
                    forward,
                    () -> biased ? plan.forward(x, w, b) : plan.forward(x, w),
                    y -> {
                        if (biased) {
                            plan.forwardInto(x, w, b, y);
                        } else {
                            plan.forwardInto(x, w, y);
                        }
                    });
            Accumulate accumulate = way.form() == Form.ADD ? Accumulate.ADD : Accumulate.OVERWRITE;
            check(
                    "backwardData " + way,
                    way.form(),
                    sourceLayout,
                    plan.sourceLayout(),
                    backwardData,
                    () -> plan.backwardData(dy, w),
                    dx -> plan.backwardDataInto(dy, w, dx, accumulate));
            if (!bf16) {
                check(
                        "backwardWeights " + way,
                        way.form(),
                        weightsLayout,
                        plan.weightsLayout(),
                        backwardWeights,
                        () -> plan.backwardWeights(x, dy),
                        dw -> plan.backwardWeightsInto(x, dy, dw, accumulate));
            }
            if (biased) {
                check(
                        "backwardBias " + way,
                        way.form(),
                        Layout.CHANNELS_FIRST,
                        Layout.CHANNELS_FIRST,
                        backwardBias,
                        () -> plan.backwardBias(dy),
                        db -> plan.backwardBiasInto(dy, db, accumulate));
                assertArrayEquals(bias, b.toFloatArray(), "bias after " + way);
            }
            assertArrayEquals(source, x.toFloatArray(), "source after " + way);
            float[] given = w.dataType() == DataType.BF16 ? Bf16.round(weights) : weights;
            assertArrayEquals(given, w.toFloatArray(), "weights after " + way);
            assertArrayEquals(outputGradient, dy.toFloatArray(), "output gradient after " + way);
        }
    }

    private void check(
            String what,
            Form form,
            Layout layout,
            Layout ownLayout,
            Expected expected,
            Supplier<Tensor> allocating,
            Consumer<Tensor> into) {
        Shape shape = expected.shape();
        if (form == Form.ALLOCATING) {
            try (Tensor result = allocating.get()) {
                assertEquals(shape, result.shape(), what);
                assertEquals(ownLayout, result.layout(), what);
                numbers.check(what, expected, result.toFloatArray());
                assertPaddingLanesAreZero(what, result);
            }
        } else {
            float[] previous = numbers.fill(shape, 5);
            try (Tensor result = Tensor.of(previous, shape, layout)) {
                into.accept(result);
                numbers.check(what, form == Form.ADD ? expected.plus(previous) : expected, result.toFloatArray());
                assertPaddingLanesAreZero(what, result);
            }
        }
    }

    /** Whatever is not zero in memory is an element. */
    static void assertPaddingLanesAreZero(String what, Tensor tensor) {
        NativeMemory memory = Access.get().memory(tensor);
        float[] lanes = new float[Math.toIntExact(memory.sizeBytes() / Float.BYTES)];
        NativeLibrary.copyToArray(lanes, 0, memory.address(), 0, memory.sizeBytes());
        assertEquals(notZero(tensor.toFloatArray()), notZero(lanes), what + ": lanes of " + tensor);
    }

    private static long notZero(float[] values) {
        int count = 0;
        for (float value : values) {
            if (Float.floatToRawIntBits(value) != 0) {
                count++;
            }
        }
        return count;
    }
}
