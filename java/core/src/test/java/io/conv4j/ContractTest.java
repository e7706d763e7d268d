package io.conv4j;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.conv4j.memory.DataType;
import io.conv4j.memory.Layout;
import io.conv4j.memory.Tensor;
import io.conv4j.plan.Accumulate;
import io.conv4j.plan.Activation;
import io.conv4j.plan.ConvPlan;
import io.conv4j.plan.Implementation;
import io.conv4j.plan.Plan;
import io.conv4j.plan.PlanOptions;
import io.conv4j.plan.TransposedConvPlan;
import io.conv4j.reference.Cases;
import io.conv4j.reference.ConvCase;
import io.conv4j.signal.Deconvolution;
import io.conv4j.signal.Mode;
import io.conv4j.signal.Signal;
import io.conv4j.spec.Axis;
import io.conv4j.spec.AxisSharing;
import io.conv4j.spec.BiasMode;
import io.conv4j.spec.ConvGeometry;
import io.conv4j.spec.ConvSpec;
import io.conv4j.spec.Orientation;
import io.conv4j.spec.Padding;
import io.conv4j.spec.Shape;
import io.conv4j.spec.Sharing;
import java.io.IOException;
import java.lang.module.ModuleFinder;
import java.lang.reflect.Modifier;
import java.net.URI;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.BiFunction;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DynamicContainer;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.function.Executable;

/**
 * What bad input gets: for every public method and constructor of every exported class, found by reflection, the
 * exception that its documentation names, with a message that begins with the argument's name. A method without a line
 * here fails.
 */
class ContractTest {
    private static final Map<String, Refusal[]> CASES = new LinkedHashMap<>();
    private static final long MOST = Long.MAX_VALUE;
    private static final Accumulate ADD = Accumulate.ADD;

    private static final Shape SOURCE = Shape.of(4, 2, 3, 3);
    private static final Shape OUTPUT = Shape.of(4, 4, 3, 3);
    private static final Shape BIAS = Shape.of(4);
    private static final ConvSpec LAYER =
            layer(3, 3).padding(Padding.same()).bias(BiasMode.CHANNEL).build();
    private static final ConvSpec FLIPPED =
            ConvCase.copy(LAYER).orientation(Orientation.CONVOLUTION).build();
    private static final ConvSpec UNBIASED =
            ConvCase.copy(LAYER).bias(BiasMode.NONE).build();
    private static final PlanOptions BF16 =
            PlanOptions.builder().weightsType(DataType.BF16).build();
    private static final ConvSpec TILED = layer(3, 3).sharing(Sharing.tiled(2)).build();

    /** Open plans of one kind; the shapes are the same for both but for the weights'. */
    private static final class Kind {
        final Shape weights;
        Plan plan;
        Plan unbiased;
        Plan closed;
        Plan bf16;
        Layout packedFlipped;

        Kind(Shape weights) {
            this.weights = weights;
        }

        void open(BiFunction<ConvSpec, PlanOptions, Plan> create) {
            PlanOptions defaults = PlanOptions.defaults();
            plan = opened(create.apply(LAYER, defaults));
            unbiased = opened(create.apply(UNBIASED, defaults));
            closed = create.apply(LAYER, defaults);
            closed.close();
            bf16 = opened(create.apply(
                    LAYER,
                    PlanOptions.builder()
                            .implementation(Implementation.KERNELS)
                            .weightsType(DataType.BF16)
                            .build()));
            try (Plan flipped = create.apply(FLIPPED, defaults)) {
                packedFlipped = flipped.weightsLayout();
            }
        }

        Tensor w() {
            return tensor(weights);
        }
    }

    /** Its weights have the shape of its source, so that the one could pass for the other. */
    private static final Kind CONVOLUTION = new Kind(SOURCE);

    private static final Kind TRANSPOSED = new Kind(Shape.of(2, 4, 3, 3));
    private static Layout blocked;
    private static Layout packed;
    private static Layout packedBf16;
    private static final List<AutoCloseable> OPEN = new ArrayList<>();

    static {
        spec();
        memory();
        plan();
        signal();
    }

    // ---- The words of the tables ------------------------------------------------------------------------------------

    /** A call and the exception that it must get. */
    private record Refusal(Class<? extends Throwable> type, String message, Executable call) {
        void check() throws Exception {
            int open = OPEN.size();
            try {
                checkThrown();
            } finally {
                for (AutoCloseable each : OPEN.subList(open, OPEN.size())) {
                    each.close();
                }
                OPEN.subList(open, OPEN.size()).clear();
            }
        }

        private void checkThrown() {
            Throwable thrown = assertThrows(type, call);
            assertEquals(type, thrown.getClass());
            String actual = String.valueOf(thrown.getMessage());
            assertTrue(actual.startsWith(message), () -> "expected \"" + message + "...\" but got \"" + actual + "\"");
        }
    }

    private static void method(String signature, Refusal[]... parts) {
        if (CASES.put(signature, all(parts)) != null) {
            throw new AssertionError(signature + " is there twice");
        }
    }

    private static Refusal[] all(Refusal[]... parts) {
        return Arrays.stream(parts).flatMap(Arrays::stream).toArray(Refusal[]::new);
    }

    /** Methods that refuse nothing; most are given nothing. */
    private static void total(String type, String... methods) {
        for (String name : methods) {
            method(type + "." + name);
        }
    }

    private static Refusal[] isNull(String argument, Executable call) {
        return new Refusal[] {new Refusal(NullPointerException.class, argument, call)};
    }

    private static Refusal[] illegal(String message, Executable call) {
        return new Refusal[] {new Refusal(IllegalArgumentException.class, message, call)};
    }

    private static Refusal[] state(String message, Executable call) {
        return new Refusal[] {new Refusal(IllegalStateException.class, message, call)};
    }

    private static Refusal[] unsupported(String message, Executable call) {
        return new Refusal[] {new Refusal(UnsupportedOperationException.class, message, call)};
    }

    private static Refusal[] outOfMemory(Executable call) {
        return new Refusal[] {new Refusal(OutOfMemoryError.class, "native memory", call)};
    }

    // ---- spec -------------------------------------------------------------------------------------------------------

    private static ConvSpec.Builder layer(long... kernel) {
        return ConvSpec.builder(2, 4).kernel(kernel);
    }

    private static ConvGeometry geometry(ConvSpec.Builder layer, long... source) {
        return ConvGeometry.of(layer.build(), Shape.of(source));
    }

    private static ConvGeometry transposedGeometry(ConvSpec.Builder layer, long... source) {
        return ConvGeometry.ofTransposed(layer.build(), Shape.of(source));
    }

    private static Axis axis(long input, long kernel, long stride, long dilation, long padBegin, long output) {
        AxisSharing shared = new AxisSharing(AxisSharing.Kind.SHARED, 1);
        return new Axis(input, kernel, stride, dilation, padBegin, 0, output, shared);
    }

    private static void spec() {
        method(
                "Shape.of(long[])",
                isNull("sizes", () -> Shape.of((long[]) null)),
                illegal("sizes", () -> Shape.of()),
                illegal("sizes", () -> Shape.of(2, -1)),
                illegal("sizes", () -> Shape.of(Long.MIN_VALUE)),
                illegal("sizes", () -> Shape.of(1L << 32, 1L << 31)),
                illegal("sizes", () -> Shape.of(MOST, MOST)));
        method(
                "Shape.size(int)",
                illegal("dimension", () -> Shape.of(1, 2).size(-1)),
                illegal(
                        "dimension: expected 0 to 1 in shape [1, 2] but got 2",
                        () -> Shape.of(1, 2).size(2)));
        method(
                "Shape.with(int, long)",
                illegal("dimension", () -> Shape.of(1, 2).with(-1, 1)),
                illegal("dimension", () -> Shape.of(1, 2).with(2, 1)),
                illegal("sizes", () -> Shape.of(1, 2).with(0, -1)),
                illegal("sizes", () -> Shape.of(1, 2).with(0, MOST)));
        total("Shape", "rank()", "elements()", "toArray()");

        AxisSharing.Kind tiled = AxisSharing.Kind.TILED;
        method(
                "AxisSharing.new(Kind, long)",
                isNull("kind", () -> new AxisSharing(null, 1)),
                illegal("size", () -> new AxisSharing(tiled, 0)),
                illegal("size", () -> new AxisSharing(AxisSharing.Kind.BLOCKS, -1)),
                illegal("size", () -> new AxisSharing(AxisSharing.Kind.SHARED, 2)),
                illegal("size", () -> new AxisSharing(AxisSharing.Kind.LOCAL, 0)));
        method(
                "AxisSharing.kernels(long)",
                illegal("outputSize", () -> new AxisSharing(tiled, 2).kernels(0)),
                illegal("outputSize", () -> new AxisSharing(tiled, 2).kernels(-1)));
        method("AxisSharing.kernelIndex(long)", illegal("position", () -> new AxisSharing(tiled, 2).kernelIndex(-1)));
        method("AxisSharing.tiled(long)", illegal("size", () -> AxisSharing.tiled(0)));
        method("AxisSharing.blocks(long)", illegal("size", () -> AxisSharing.blocks(-1)));
        total("AxisSharing", "shared()", "local()", "kind()", "size()");

        method(
                "Sharing.tiled(long[])",
                isNull("periods", () -> Sharing.tiled((long[]) null)),
                illegal("periods", () -> Sharing.tiled()),
                illegal("periods", () -> Sharing.tiled(0)),
                illegal("periods", () -> Sharing.tiled(2, -1)),
                illegal("periods", () -> Sharing.tiled(1, 1, 1, 1)));
        method(
                "Sharing.blocks(long[])",
                isNull("sizes", () -> Sharing.blocks((long[]) null)),
                illegal("sizes", () -> Sharing.blocks()),
                illegal("sizes", () -> Sharing.blocks(0)),
                illegal("sizes", () -> Sharing.blocks(2, -1)),
                illegal("sizes", () -> Sharing.blocks(1, 1, 1, 1)));
        method(
                "Sharing.perAxis(AxisSharing[])",
                isNull("axes", () -> Sharing.perAxis((AxisSharing[]) null)),
                isNull("axes", () -> Sharing.perAxis(new AxisSharing(tiled, 2), null)),
                illegal("axes", () -> Sharing.perAxis()),
                illegal("axes", () -> {
                    AxisSharing axis = new AxisSharing(tiled, 2);
                    Sharing.perAxis(axis, axis, axis, axis);
                }));
        method(
                "Sharing.axis(int)",
                illegal("axis", () -> Sharing.shared().axis(-1)),
                illegal(
                        "axis: expected 0 to 2 but got 3",
                        () -> Sharing.shared().axis(3)),
                illegal(
                        "axis: expected 0 to 1 but got 2",
                        () -> Sharing.tiled(2, 2).axis(2)));
        total("Sharing", "shared()", "local()", "isShared()");

        method(
                "Padding.explicit(long[])",
                isNull("beginEndPairs", () -> Padding.explicit((long[]) null)),
                illegal("beginEndPairs", () -> Padding.explicit()),
                illegal("beginEndPairs", () -> Padding.explicit(1)),
                illegal("beginEndPairs", () -> Padding.explicit(1, 1, 1)),
                illegal("beginEndPairs", () -> Padding.explicit(1, -1)),
                illegal("beginEndPairs", () -> Padding.explicit(1, 1, 1, 1, 1, 1, 1, 1)));
        total("Padding", "valid()", "same()", "sameUpper()", "sameLower()", "full()");

        method(
                "Axis.new(long, long, long, long, long, long, long, AxisSharing)",
                isNull("sharing", () -> new Axis(1, 1, 1, 1, 0, 0, 1, null)),
                illegal("input", () -> axis(0, 1, 1, 1, 0, 1)),
                illegal("kernel", () -> axis(1, 0, 1, 1, 0, 1)),
                illegal("stride", () -> axis(1, 1, -1, 1, 0, 1)),
                illegal("dilation", () -> axis(1, 1, 1, 0, 0, 1)),
                illegal("padBegin", () -> axis(1, 1, 1, 1, -1, 1)),
                illegal("output", () -> axis(1, 1, 1, 1, 0, 0)));
        total("Axis", "input()", "kernel()", "stride()", "dilation()", "padBegin()", "padEnd()", "output()");
        total("Axis", "sharing()", "kernels()", "sourceIndex(long, long)");

        method(
                "ConvSpec.builder(long, long)",
                illegal("inChannels", () -> ConvSpec.builder(0, 1)),
                illegal("inChannels", () -> ConvSpec.builder(-1, 1)),
                illegal("outChannels", () -> ConvSpec.builder(1, 0)));
        method("ConvSpec.depthwise(long)", illegal("channels", () -> ConvSpec.depthwise(0)));
        method(
                "ConvSpec.kernel(int)",
                illegal("axis", () -> layer(3, 3).build().kernel(-1)),
                illegal("axis", () -> layer(3, 3).build().kernel(2)));
        method(
                "ConvSpec.stride(int)",
                illegal("axis", () -> layer(3, 3).build().stride(-1)),
                illegal("axis", () -> layer(3, 3).build().stride(2)));
        method(
                "ConvSpec.dilation(int)",
                illegal("axis", () -> layer(3, 3).build().dilation(-1)),
                illegal("axis", () -> layer(3, 3).build().dilation(2)));
        method(
                "ConvSpec.outputPadding(int)",
                illegal("axis", () -> layer(3, 3).build().outputPadding(-1)),
                illegal("axis", () -> layer(3, 3).build().outputPadding(2)));
        total("ConvSpec", "inChannels()", "outChannels()", "groups()", "axes()", "padding()", "sharing()", "bias()");
        total("ConvSpec", "orientation()");

        method(
                "ConvSpec.Builder.kernel(long[])",
                isNull("kernel", () -> ConvSpec.builder(1, 1).kernel((long[]) null)),
                illegal("kernel", () -> ConvSpec.builder(1, 1).kernel()),
                illegal("kernel", () -> ConvSpec.builder(1, 1).kernel(0)),
                illegal("kernel", () -> ConvSpec.builder(1, 1).kernel(3, -3)),
                illegal("kernel", () -> ConvSpec.builder(1, 1).kernel(1, 1, 1, 1)));
        method(
                "ConvSpec.Builder.stride(long[])",
                isNull("stride", () -> layer(3).stride((long[]) null)),
                illegal("stride", () -> layer(3).stride()),
                illegal("stride", () -> layer(3).stride(0)),
                illegal("stride", () -> layer(3).stride(1, -1)),
                illegal("stride", () -> layer(3).stride(1, 1, 1, 1)));
        method(
                "ConvSpec.Builder.dilation(long[])",
                isNull("dilation", () -> layer(3).dilation((long[]) null)),
                illegal("dilation", () -> layer(3).dilation()),
                illegal("dilation", () -> layer(3).dilation(0)),
                illegal("dilation", () -> layer(3).dilation(1, -1)),
                illegal("dilation", () -> layer(3).dilation(1, 1, 1, 1)));
        method(
                "ConvSpec.Builder.outputPadding(long[])",
                isNull("outputPadding", () -> layer(3).outputPadding((long[]) null)),
                illegal("outputPadding", () -> layer(3).outputPadding()),
                illegal("outputPadding", () -> layer(3).outputPadding(-1)),
                illegal("outputPadding", () -> layer(3).outputPadding(0, 0, 0, 0)));
        method("ConvSpec.Builder.padding(Padding)", isNull("padding", () -> layer(3).padding(null)));
        method("ConvSpec.Builder.sharing(Sharing)", isNull("sharing", () -> layer(3).sharing(null)));
        method("ConvSpec.Builder.bias(BiasMode)", isNull("bias", () -> layer(3).bias(null)));
        method("ConvSpec.Builder.orientation(Orientation)", isNull("orientation", () -> layer(3).orientation(null)));
        method(
                "ConvSpec.Builder.groups(long)",
                illegal("groups", () -> layer(3).groups(0)),
                illegal("groups", () -> layer(3).groups(-1)));
        method(
                "ConvSpec.Builder.build()",
                illegal("kernel", () -> ConvSpec.builder(1, 1).build()),
                illegal(
                        "stride: expected 1 or 2 values but got [1, 1, 1]",
                        () -> layer(3, 3).stride(1, 1, 1).build()),
                illegal("dilation", () -> layer(3).dilation(1, 1).build()),
                illegal(
                        "outputPadding",
                        () -> layer(3, 3, 3).outputPadding(0, 0).build()),
                illegal("groups", () -> layer(3).groups(3).build()),
                illegal(
                        "groups: expected a divisor of 2 input and 4 output",
                        () -> layer(3).groups(4).build()),
                illegal(
                        "padding: expected begin and end of each axis, 2 values",
                        () -> layer(3).padding(Padding.explicit(1, 1, 1, 1)).build()),
                illegal("sharing", () -> layer(3).sharing(Sharing.tiled(2, 2)).build()));

        method(
                "ConvGeometry.of(ConvSpec, Shape)",
                isNull("spec", () -> ConvGeometry.of(null, Shape.of(1, 2, 9))),
                isNull("sourceShape", () -> ConvGeometry.of(layer(3).build(), null)),
                illegal("sourceShape", () -> geometry(layer(3), 1, 2)),
                illegal("sourceShape", () -> geometry(layer(3), 1, 2, 9, 9)),
                illegal("sourceShape: expected [N, 2, W] with", () -> geometry(layer(3), 1, 3, 9)),
                illegal("sourceShape", () -> geometry(layer(3), 1, 2, 0)),
                illegal(
                        "kernel: expected dilation * (k - 1) + 1 of at most the padded source size 11 on axis 0 but got 12",
                        () -> geometry(layer(12).padding(Padding.explicit(1, 1)), 1, 2, 9)),
                illegal("kernel", () -> geometry(layer(3).dilation(5), 1, 2, 9)),
                illegal(
                        "padding: same() expected odd kernel sizes but got 2",
                        () -> geometry(layer(2).padding(Padding.same()), 1, 2, 9)),
                illegal("spec", () -> geometry(layer(3).stride(2).outputPadding(1), 1, 2, 9)),
                illegal("spec", () -> geometry(layer(3).dilation(MOST), 1, 2, 9)),
                illegal("spec", () -> geometry(layer(1).padding(Padding.explicit(MOST, 1)), 1, 2, 9)),
                illegal("spec", () -> geometry(layer(1).padding(Padding.explicit(1L << 61, 0)), 1, 2, 9)),
                illegal("spec", () -> geometry(layer(1L << 62).padding(Padding.full()), 1, 2, 9)),
                illegal("spec", () -> geometry(ConvSpec.builder(2, MOST).kernel(1), 1, 2, 9)));
        method(
                "ConvGeometry.ofTransposed(ConvSpec, Shape)",
                isNull("spec", () -> ConvGeometry.ofTransposed(null, Shape.of(1, 2, 9))),
                isNull("sourceShape", () -> ConvGeometry.ofTransposed(layer(3).build(), null)),
                illegal("sourceShape", () -> transposedGeometry(layer(3), 1, 2)),
                illegal("sourceShape", () -> transposedGeometry(layer(3), 1, 4, 9)),
                illegal("sourceShape", () -> transposedGeometry(layer(3), 1, 2, 0)),
                illegal(
                        "padding: expected an output size of at least 1 on axis 0 but got -7 (source 9, padding 9 and 9)",
                        () -> transposedGeometry(layer(3).padding(Padding.explicit(9, 9)), 1, 2, 9)),
                illegal("padding", () -> transposedGeometry(layer(2).padding(Padding.same()), 1, 2, 9)),
                illegal(
                        "spec: expected output padding of at most 0 on axis 0 but got 1",
                        () -> transposedGeometry(layer(3).outputPadding(1), 1, 2, 9)),
                illegal("spec", () -> transposedGeometry(layer(3).bias(BiasMode.POSITION), 1, 2, 9)),
                illegal("spec", () -> transposedGeometry(layer(3).bias(BiasMode.KERNEL), 1, 2, 9)),
                illegal("spec", () -> transposedGeometry(layer(3).stride(MOST), 1, 2, 9)),
                illegal("spec", () -> transposedGeometry(layer(3).stride(1L << 59), 1, 2, 9)));
        method(
                "ConvGeometry.withBatch(long)",
                illegal("batch", () -> geometry(layer(3), 1, 2, 9).withBatch(-1)),
                illegal("batch", () -> geometry(layer(3), 1, 2, 9).withBatch(MOST)));
        method(
                "ConvGeometry.biasShape()",
                state("spec", () -> geometry(layer(3), 1, 2, 9).biasShape()));
        total("ConvGeometry", "batch()", "groups()", "inChannels()", "outChannels()", "axes()", "isShared()");
        total("ConvGeometry", "bias()", "orientation()", "isTransposed()");
        total("ConvGeometry", "sourceShape()", "weightsShape()", "outputShape()");
    }

    // ---- memory and plan: what they are called with
    // --------------------------------------------------------------------

    @BeforeAll
    static void open() {
        CONVOLUTION.open((spec, options) -> ConvPlan.create(spec, SOURCE, options));
        TRANSPOSED.open((spec, options) -> TransposedConvPlan.create(spec, SOURCE, options));
        packed = CONVOLUTION.packedFlipped;
        packedBf16 = CONVOLUTION.bf16.weightsLayout();
        blocked = opaqueActivations();
    }

    @AfterAll
    static void close() throws Exception {
        for (AutoCloseable each : OPEN) {
            each.close();
        }
        OPEN.clear();
    }

    private static <T extends AutoCloseable> T opened(T resource) {
        OPEN.add(resource);
        return resource;
    }

    private static Layout opaqueActivations() {
        for (ConvCase c : Cases.convolutions()) {
            try (ConvPlan each = ConvPlan.create(c.spec(), c.source())) {
                for (Layout layout : List.of(each.sourceLayout(), each.outputLayout())) {
                    if (layout.isOpaque()) {
                        return layout;
                    }
                }
            }
        }
        throw new AssertionError("no plan issued an opaque layout of activations");
    }

    private static Tensor tensor(Shape shape) {
        return opened(Tensor.zeros(shape));
    }

    private static Tensor tensor(long... sizes) {
        return tensor(Shape.of(sizes));
    }

    /** A view of memory that is gone, where the JDK has such. */
    private static Tensor gone(Shape shape) {
        if (!Arenas.exist()) {
            return closed(shape);
        }
        try (Arenas arena = Arenas.confined()) {
            return opened(Tensor.view(arena.buffer(shape.elements() * Float.BYTES), shape));
        }
    }

    private static Tensor closed(Shape shape) {
        Tensor tensor = Tensor.zeros(shape);
        tensor.close();
        return tensor;
    }

    private static ByteBuffer bytes(int count) {
        return ByteBuffer.allocateDirect(count).order(ByteOrder.nativeOrder());
    }

    private static FloatBuffer floats(int count) {
        return bytes(4 * count).asFloatBuffer();
    }

    // ---- memory -----------------------------------------------------------------------------------------------------

    private static void memory() {
        Shape shape = Shape.of(2, 3);
        Shape huge = Shape.of(MOST);
        Layout first = Layout.CHANNELS_FIRST;
        total("DataType", "sizeBytes()");
        method("Layout.fits(Shape)", isNull("shape", () -> first.fits(null)));
        method(
                "Layout.sizeBytes(Shape)",
                isNull("shape", () -> first.sizeBytes(null)),
                illegal("shape", () -> first.sizeBytes(huge)));
        total("Layout", "isOpaque()", "dataType()");

        method(
                "Tensor.zeros(Shape)",
                isNull("shape", () -> Tensor.zeros(null)),
                illegal("shape", () -> Tensor.zeros(huge)),
                outOfMemory(() -> Tensor.zeros(Shape.of(1L << 58))));
        method(
                "Tensor.zeros(Shape, Layout)",
                isNull("shape", () -> Tensor.zeros(null, first)),
                isNull("layout", () -> Tensor.zeros(shape, null)),
                illegal("shape", () -> Tensor.zeros(huge, Layout.CHANNELS_LAST)),
                illegal("shape", () -> Tensor.zeros(Shape.of(1, 3, MOST / 4), blocked)),
                illegal("layout", () -> Tensor.zeros(shape, blocked)),
                illegal("layout", () -> Tensor.zeros(shape, packed)),
                illegal("layout", () -> Tensor.zeros(Shape.of(2, 4, 3, 3), packed)),
                outOfMemory(() -> Tensor.zeros(Shape.of(1L << 58), Layout.CHANNELS_LAST)),
                outOfMemory(() -> Tensor.zeros(Shape.of(1, 3, 1L << 55), blocked)));
        method(
                "Tensor.of(float[], Shape)",
                isNull("values", () -> Tensor.of(null, shape)),
                isNull("shape", () -> Tensor.of(new float[6], null)),
                illegal("values: expected 6 elements for shape [2, 3] but got 5", () -> Tensor.of(new float[5], shape)),
                illegal("values", () -> Tensor.of(new float[7], shape)),
                illegal("values", () -> Tensor.of(new float[0], Shape.of(1L << 32))));
        method(
                "Tensor.of(float[], Shape, Layout)",
                isNull("values", () -> Tensor.of(null, shape, first)),
                isNull("shape", () -> Tensor.of(new float[6], null, first)),
                isNull("layout", () -> Tensor.of(new float[6], shape, null)),
                illegal("values", () -> Tensor.of(new float[5], shape, first)),
                illegal("layout", () -> Tensor.of(new float[6], shape, packed)));

        method(
                "Tensor.view(FloatBuffer, Shape)",
                isNull("buffer", () -> Tensor.view((FloatBuffer) null, shape)),
                isNull("shape", () -> Tensor.view(floats(6), null)),
                illegal("buffer", () -> Tensor.view(FloatBuffer.allocate(6), shape)),
                illegal("buffer", () -> Tensor.view(floats(6).asReadOnlyBuffer(), shape)),
                illegal("buffer", () -> Tensor.view(bytes(24).order(other()).asFloatBuffer(), shape)),
                illegal("buffer", () -> Tensor.view(floats(5), shape)),
                illegal("buffer", () -> Tensor.view(floats(6).position(1), shape)),
                illegal("buffer", () -> Tensor.view(floats(6).limit(5), shape)),
                illegal("shape", () -> Tensor.view(floats(6), Shape.of((1L << 62) + 6))),
                illegal("buffer", () -> Tensor.view(misaligned().asFloatBuffer(), shape)));
        method(
                "Tensor.view(FloatBuffer, Shape, Layout)",
                isNull("buffer", () -> Tensor.view((FloatBuffer) null, shape, first)),
                isNull("shape", () -> Tensor.view(floats(6), null, first)),
                isNull("layout", () -> Tensor.view(floats(6), shape, null)),
                illegal("buffer", () -> Tensor.view(FloatBuffer.allocate(6), shape, first)),
                illegal("buffer", () -> Tensor.view(floats(6).asReadOnlyBuffer(), shape, first)),
                illegal("buffer", () -> Tensor.view(floats(5), shape, first)),
                illegal("buffer", () -> Tensor.view(floats(3), Shape.of(1, 3, 1), blocked)),
                illegal("layout", () -> Tensor.view(floats(6), shape, packed)),
                illegal("layout", () -> Tensor.view(floats(1000), SOURCE, packedBf16)));
        method(
                "Tensor.view(ByteBuffer, Shape)",
                isNull("buffer", () -> Tensor.view((ByteBuffer) null, shape)),
                isNull("shape", () -> Tensor.view(bytes(24), null)),
                illegal("buffer", () -> Tensor.view(ByteBuffer.allocate(24), shape)),
                illegal("buffer", () -> Tensor.view(bytes(24).asReadOnlyBuffer(), shape)),
                illegal("buffer", () -> Tensor.view(bytes(24).order(other()), shape)),
                illegal("buffer", () -> Tensor.view(bytes(23), shape)),
                illegal("buffer", () -> Tensor.view(bytes(24).position(4), shape)),
                illegal("buffer", () -> Tensor.view(bytes(24).limit(20), shape)),
                illegal("buffer", () -> Tensor.view(bytes(28).position(1), shape)),
                illegal("buffer", () -> Tensor.view(misaligned(), shape)));
        method(
                "Tensor.view(ByteBuffer, Shape, Layout)",
                isNull("buffer", () -> Tensor.view((ByteBuffer) null, shape, first)),
                isNull("shape", () -> Tensor.view(bytes(24), null, first)),
                isNull("layout", () -> Tensor.view(bytes(24), shape, null)),
                illegal("buffer", () -> Tensor.view(ByteBuffer.allocate(24), shape, first)),
                illegal("buffer", () -> Tensor.view(bytes(24).order(other()), shape, first)),
                illegal("buffer", () -> Tensor.view(bytes(23), shape, first)),
                illegal("buffer", () -> Tensor.view(bytes(2 * (int) SOURCE.elements() - 1), SOURCE, packedBf16)),
                illegal("buffer", () -> Tensor.view(bytes(1000).position(1), SOURCE, packedBf16)),
                illegal("layout", () -> Tensor.view(bytes(24), shape, packed)));

        method(
                "Tensor.toFloatArray()",
                state("tensor", () -> closed(shape).toFloatArray()),
                state("tensor", () -> gone(shape).toFloatArray()));
        method(
                "Tensor.copyTo(float[])",
                isNull("values", () -> tensor(2, 3).copyTo((float[]) null)),
                illegal("values", () -> tensor(2, 3).copyTo(new float[5])),
                illegal("values", () -> tensor(2, 3).copyTo(new float[7])),
                state("tensor", () -> closed(shape).copyTo(new float[6])),
                state("tensor", () -> gone(shape).copyTo(new float[6])));
        method(
                "Tensor.copyFrom(float[])",
                isNull("values", () -> tensor(2, 3).copyFrom(null)),
                illegal("values", () -> tensor(2, 3).copyFrom(new float[5])),
                illegal("values", () -> tensor(2, 3).copyFrom(new float[7])),
                state("tensor", () -> closed(shape).copyFrom(new float[6])),
                state("tensor", () -> {
                    Tensor t = Tensor.zeros(shape, Layout.CHANNELS_LAST);
                    t.close();
                    t.copyFrom(new float[6]);
                }),
                state("tensor", () -> gone(shape).copyFrom(new float[6])));
        method(
                "Tensor.copyTo(Tensor)",
                isNull("destination", () -> tensor(2, 3).copyTo((Tensor) null)),
                illegal("destination", () -> tensor(2, 3).copyTo(tensor(3, 2))),
                illegal("destination", () -> tensor(2, 3).copyTo(tensor(2, 3, 1))),
                illegal("destination", () -> {
                    Tensor same = tensor(2, 3);
                    same.copyTo(same);
                }),
                illegal("destination", () -> {
                    FloatBuffer shared = floats(7);
                    opened(Tensor.view(shared, shape)).copyTo(opened(Tensor.view(shared.position(1), shape)));
                }),
                state("tensor", () -> closed(shape).copyTo(tensor(2, 3))),
                state("tensor", () -> gone(shape).copyTo(tensor(2, 3))),
                state("destination", () -> tensor(2, 3).copyTo(closed(shape))),
                state("destination", () -> tensor(2, 3).copyTo(gone(shape))));
        method(
                "Tensor.to(Layout)",
                isNull("newLayout", () -> tensor(2, 3).to(null)),
                illegal("newLayout", () -> tensor(2, 3).to(packed)),
                illegal("newLayout", () -> tensor(2, 3).to(blocked)),
                state("tensor", () -> closed(shape).to(first)),
                state("tensor", () -> gone(shape).to(first)));
        total("Tensor", "liveBytes()", "shape()", "layout()", "dataType()", "sizeBytes()", "isClosed()", "close()");
    }

    private static ByteOrder other() {
        return ByteOrder.nativeOrder() == ByteOrder.BIG_ENDIAN ? ByteOrder.LITTLE_ENDIAN : ByteOrder.BIG_ENDIAN;
    }

    private static ByteBuffer misaligned() {
        return bytes(64).position(1).slice().order(ByteOrder.nativeOrder());
    }

    // ---- plan -------------------------------------------------------------------------------------------------------

    private interface Call {
        void with(Tensor tensor) throws Throwable;
    }

    /** What an operand must not be. */
    private static Refusal[] operand(String name, Shape shape, Call call) {
        long[] sizes = shape.toArray();
        long[] larger = sizes.clone();
        larger[sizes.length - 1]++;
        long[] deeper = Arrays.copyOf(sizes, sizes.length + 1);
        deeper[sizes.length] = 1;
        return all(
                isNull(name, () -> call.with(null)),
                illegal(name, () -> call.with(tensor(larger))),
                illegal(name, () -> call.with(tensor(deeper))),
                illegal(name, () -> call.with(tensor(shape.with(0, 0)))),
                state(name, () -> call.with(closed(shape))),
                state(name, () -> call.with(gone(shape))));
    }

    private static Refusal[] activations(Kind k, String name, Shape shape, Call call) {
        Refusal[] refusals = operand(name, shape, call);
        return shape.equals(k.weights)
                ? all(refusals, illegal(name, () -> call.with(opened(Tensor.zeros(shape, k.packedFlipped)))))
                : refusals;
    }

    private static Refusal[] weights(Kind k, String name, Call call) {
        return all(
                operand(name, k.weights, call),
                illegal(name, () -> call.with(opened(Tensor.zeros(k.weights, k.packedFlipped)))),
                illegal(name, () -> call.with(opened(Tensor.zeros(k.weights, blocked)))));
    }

    private static Refusal[] both(Function<Kind, Refusal[]> cases) {
        return all(cases.apply(CONVOLUTION), cases.apply(TRANSPOSED));
    }

    private interface TwoTensors {
        void with(Tensor first, Tensor second) throws Throwable;
    }

    /** A result that is an operand, or overlaps one by an element at either end. */
    private static Refusal[] aliases(String name, Shape result, String operandName, Shape operand, TwoTensors call) {
        String message = name + ": expected memory apart from that of " + operandName;
        int resultSize = (int) result.elements();
        int operandSize = (int) operand.elements();
        Refusal[] same = illegal(message, () -> {
            Tensor both = tensor(result);
            call.with(both, both);
        });
        return all(
                result.equals(operand) ? same : new Refusal[0],
                illegal(message, () -> {
                    FloatBuffer shared = floats(resultSize + operandSize - 1);
                    call.with(
                            opened(Tensor.view(shared, result)),
                            opened(Tensor.view(shared.position(resultSize - 1), operand)));
                }),
                illegal(message, () -> {
                    FloatBuffer shared = floats(resultSize + operandSize - 1);
                    call.with(
                            opened(Tensor.view(shared.position(operandSize - 1), result)),
                            opened(Tensor.view(shared.position(0), operand)));
                }));
    }

    private static Refusal[] accumulate(Executable call) {
        return isNull("accumulate", call);
    }

    private static Refusal[] closedPlan(Executable call) {
        return state("plan", call);
    }

    private static Tensor x() {
        return tensor(SOURCE);
    }

    private static Tensor b() {
        return tensor(BIAS);
    }

    private static Tensor y() {
        return tensor(OUTPUT);
    }

    private static void plan() {
        PlanOptions options = PlanOptions.defaults();
        PlanOptions onednn =
                PlanOptions.builder().implementation(Implementation.ONEDNN).build();
        ConvSpec wide = layer(1, 1).padding(Padding.explicit(1L << 31, 0, 0, 0)).build();
        ConvSpec longest = layer(1, 1)
                .padding(Padding.explicit(Integer.MAX_VALUE, Integer.MAX_VALUE, 0, 0))
                .build();
        ConvSpec halved = layer(1, 1).stride(2).build();
        ConvSpec deep = ConvSpec.builder(1L << 31, 1).kernel(1, 1).build();
        ConvSpec heavy = ConvSpec.builder(2, 1L << 30).kernel(3, 3).build();
        ConvSpec vast =
                layer(1, 1).padding(Padding.explicit(1L << 30, 0, 1L << 30, 0)).build();
        method(
                "ConvPlan.create(ConvSpec, Shape)",
                isNull("spec", () -> ConvPlan.create(null, SOURCE)),
                isNull("sourceShape", () -> ConvPlan.create(LAYER, null)),
                illegal("sourceShape", () -> ConvPlan.create(LAYER, Shape.of(4, 2, 3))),
                illegal("sourceShape", () -> ConvPlan.create(LAYER, Shape.of(4, 3, 3, 3))),
                illegal("sourceShape", () -> ConvPlan.create(LAYER, Shape.of(4, 2, 0, 3))),
                unsupported("sourceShape: plans take tensors of", () -> ConvPlan.create(vast, Shape.of(1, 2, 1, 1))),
                unsupported("sourceShape: plans take tensors of", () -> ConvPlan.create(vast, Shape.of(0, 2, 1, 1))),
                unsupported("sourceShape: plans take sizes of", () -> ConvPlan.create(longest, Shape.of(1, 2, 1, 1))),
                unsupported(
                        "sourceShape: plans take sizes of", () -> ConvPlan.create(halved, Shape.of(1, 2, 1, 1L << 31))),
                unsupported("sourceShape", () -> ConvPlan.create(LAYER, Shape.of(1L << 31, 2, 3, 3))),
                unsupported("spec", () -> ConvPlan.create(wide, SOURCE)),
                unsupported("spec: plans take sizes of", () -> ConvPlan.create(deep, Shape.of(1, 1L << 31, 1, 1))),
                unsupported("spec: plans take tensors of", () -> ConvPlan.create(heavy, SOURCE)));
        method(
                "ConvPlan.create(ConvSpec, Shape, PlanOptions)",
                isNull("spec", () -> ConvPlan.create(null, SOURCE, options)),
                isNull("sourceShape", () -> ConvPlan.create(LAYER, null, options)),
                isNull("options", () -> ConvPlan.create(LAYER, SOURCE, null)),
                illegal("sourceShape", () -> ConvPlan.create(LAYER, Shape.of(4, 2, 3), options)),
                unsupported("options", () -> ConvPlan.create(TILED, SOURCE, onednn)),
                unsupported("options: weightsType", () -> ConvPlan.create(LAYER, SOURCE, BF16)));
        method(
                "TransposedConvPlan.create(ConvSpec, Shape)",
                isNull("spec", () -> TransposedConvPlan.create(null, SOURCE)),
                isNull("sourceShape", () -> TransposedConvPlan.create(LAYER, null)),
                illegal("sourceShape", () -> TransposedConvPlan.create(LAYER, Shape.of(4, 2, 3))),
                illegal("sourceShape", () -> TransposedConvPlan.create(LAYER, Shape.of(4, 4, 3, 3))),
                illegal(
                        "spec",
                        () -> TransposedConvPlan.create(
                                ConvCase.copy(LAYER).bias(BiasMode.POSITION).build(), SOURCE)),
                unsupported("sourceShape", () -> TransposedConvPlan.create(LAYER, Shape.of(1L << 31, 2, 3, 3))));
        method(
                "TransposedConvPlan.create(ConvSpec, Shape, PlanOptions)",
                isNull("spec", () -> TransposedConvPlan.create(null, SOURCE, options)),
                isNull("sourceShape", () -> TransposedConvPlan.create(LAYER, null, options)),
                isNull("options", () -> TransposedConvPlan.create(LAYER, SOURCE, null)),
                unsupported("options", () -> TransposedConvPlan.create(TILED, SOURCE, onednn)),
                unsupported("options: weightsType", () -> TransposedConvPlan.create(LAYER, SOURCE, BF16)));
        method(
                "PlanOptions.Builder.threads(int)",
                illegal("threads", () -> PlanOptions.builder().threads(0)),
                illegal("threads", () -> PlanOptions.builder().threads(-1)),
                illegal("threads", () -> PlanOptions.builder().threads(1025)));
        method(
                "PlanOptions.Builder.implementation(Implementation)",
                isNull("implementation", () -> PlanOptions.builder().implementation(null)));
        method(
                "PlanOptions.Builder.isa(Isa)",
                isNull("isa", () -> PlanOptions.builder().isa(null)));
        method(
                "PlanOptions.Builder.weightsType(DataType)",
                isNull("weightsType", () -> PlanOptions.builder().weightsType(null)));
        total("PlanOptions", "defaults()", "builder()", "threads()", "implementation()", "isa()", "weightsType()");
        method(
                "PlanOptions.Builder.activation(Activation)",
                isNull("activation", () -> PlanOptions.builder().activation(null)));
        total("PlanOptions.Builder", "residual(boolean)", "build()");
        total("PlanOptions", "activation()", "residual()");
        method(
                "Activation.leakyRelu(float)",
                illegal("slope", () -> Activation.leakyRelu(-1)),
                illegal("slope", () -> Activation.leakyRelu(Float.POSITIVE_INFINITY)),
                illegal("slope", () -> Activation.leakyRelu(Float.NaN)));

        for (String type : List.of("Plan", "ConvPlan", "TransposedConvPlan")) {
            method(
                    type + ".withBatch(long)",
                    both(k -> all(
                            illegal("batch", () -> k.plan.withBatch(-1)),
                            illegal("batch", () -> k.plan.withBatch(MOST)),
                            unsupported("batch: plans take sizes of", () -> k.plan.withBatch(1L << 31)),
                            unsupported("batch: plans take tensors of", () -> k.plan.withBatch(1L << 29)),
                            unsupported("batch: plans take tensors of", () -> k.plan.withBatch((1L << 31) - 1)),
                            closedPlan(() -> k.closed.withBatch(1)))));
        }
        method("Plan.workspaceBytes()", both(k -> closedPlan(() -> k.closed.workspaceBytes())));
        method("Plan.describe()", both(k -> closedPlan(() -> k.closed.describe())));
        total("PlanDescription", "parameters()", "passes()", "toJson()");
        total("PassDescription", "name()", "implementation()", "reorders()", "flops()", "bytes()", "flopsPerByte()");
        total("PassDescription", "workspaceBytes()", "expectedSeconds()", "isMemoryBound()");
        method("Plan.biasShape()", both(k -> state("spec", () -> k.unbiased.biasShape())));
        total("Plan", "spec()", "geometry()", "options()", "sourceShape()", "weightsShape()", "outputShape()");
        total("Plan", "sourceLayout()", "weightsLayout()", "outputLayout()", "isClosed()", "close()");

        method(
                "Plan.forward(Tensor, Tensor)",
                both(k -> all(
                        activations(k, "source", SOURCE, x -> k.unbiased.forward(x, k.w())),
                        weights(k, "weights", w -> k.unbiased.forward(x(), w)),
                        closedPlan(() -> k.closed.forward(x(), k.w())),
                        illegal("bias", () -> k.plan.forward(x(), k.w())))));
        method(
                "Plan.forward(Tensor, Tensor, Tensor)",
                both(k -> all(
                        activations(k, "source", SOURCE, x -> k.plan.forward(x, k.w(), b())),
                        weights(k, "weights", w -> k.plan.forward(x(), w, b())),
                        operand("bias", BIAS, b -> k.plan.forward(x(), k.w(), b)),
                        closedPlan(() -> k.closed.forward(x(), k.w(), b())),
                        illegal("bias", () -> k.unbiased.forward(x(), k.w(), b())))));
        method(
                "Plan.forwardInto(Tensor, Tensor, Tensor)",
                both(k -> all(
                        activations(k, "source", SOURCE, x -> k.unbiased.forwardInto(x, k.w(), y())),
                        weights(k, "weights", w -> k.unbiased.forwardInto(x(), w, y())),
                        activations(k, "output", OUTPUT, y -> k.unbiased.forwardInto(x(), k.w(), y)),
                        aliases("output", OUTPUT, "source", SOURCE, (y, x) -> k.unbiased.forwardInto(x, k.w(), y)),
                        aliases("output", OUTPUT, "weights", k.weights, (y, w) -> k.unbiased.forwardInto(x(), w, y)),
                        closedPlan(() -> k.closed.forwardInto(x(), k.w(), y())),
                        illegal("bias", () -> k.plan.forwardInto(x(), k.w(), y())))));
        method(
                "Plan.forwardInto(Tensor, Tensor, Tensor, Tensor)",
                both(k -> all(
                        activations(k, "source", SOURCE, x -> k.plan.forwardInto(x, k.w(), b(), y())),
                        weights(k, "weights", w -> k.plan.forwardInto(x(), w, b(), y())),
                        operand("bias", BIAS, b -> k.plan.forwardInto(x(), k.w(), b, y())),
                        activations(k, "output", OUTPUT, y -> k.plan.forwardInto(x(), k.w(), b(), y)),
                        aliases("output", OUTPUT, "source", SOURCE, (y, x) -> k.plan.forwardInto(x, k.w(), b(), y)),
                        aliases("output", OUTPUT, "weights", k.weights, (y, w) -> k.plan.forwardInto(x(), w, b(), y)),
                        aliases("output", OUTPUT, "bias", BIAS, (y, b) -> k.plan.forwardInto(x(), k.w(), b, y)),
                        closedPlan(() -> k.closed.forwardInto(x(), k.w(), b(), y())),
                        illegal("bias", () -> k.unbiased.forwardInto(x(), k.w(), b(), y())))));
        method(
                "Plan.backwardData(Tensor, Tensor)",
                both(k -> all(
                        activations(k, "outputGradient", OUTPUT, dy -> k.plan.backwardData(dy, k.w())),
                        weights(k, "weights", w -> k.plan.backwardData(y(), w)),
                        closedPlan(() -> k.closed.backwardData(y(), k.w())))));
        method(
                "Plan.backwardDataInto(Tensor, Tensor, Tensor, Accumulate)",
                both(k -> all(
                        activations(k, "outputGradient", OUTPUT, dy -> k.plan.backwardDataInto(dy, k.w(), x(), ADD)),
                        weights(k, "weights", w -> k.plan.backwardDataInto(y(), w, x(), ADD)),
                        activations(k, "sourceGradient", SOURCE, dx -> k.plan.backwardDataInto(y(), k.w(), dx, ADD)),
                        aliases(
                                "sourceGradient",
                                SOURCE,
                                "outputGradient",
                                OUTPUT,
                                (dx, dy) -> k.plan.backwardDataInto(dy, k.w(), dx, ADD)),
                        aliases(
                                "sourceGradient",
                                SOURCE,
                                "weights",
                                k.weights,
                                (dx, w) -> k.plan.backwardDataInto(y(), w, dx, ADD)),
                        accumulate(() -> k.plan.backwardDataInto(y(), k.w(), x(), null)),
                        closedPlan(() -> k.closed.backwardDataInto(y(), k.w(), x(), ADD)))));
        method(
                "Plan.backwardWeights(Tensor, Tensor)",
                both(k -> all(
                        activations(k, "source", SOURCE, x -> k.plan.backwardWeights(x, y())),
                        activations(k, "outputGradient", OUTPUT, dy -> k.plan.backwardWeights(x(), dy)),
                        unsupported("plan: the weights' gradient", () -> k.bf16.backwardWeights(x(), y())),
                        closedPlan(() -> k.closed.backwardWeights(x(), y())))));
        method(
                "Plan.backwardWeightsInto(Tensor, Tensor, Tensor, Accumulate)",
                both(k -> all(
                        activations(k, "source", SOURCE, x -> k.plan.backwardWeightsInto(x, y(), k.w(), ADD)),
                        activations(k, "outputGradient", OUTPUT, dy -> k.plan.backwardWeightsInto(x(), dy, k.w(), ADD)),
                        weights(k, "weightsGradient", dw -> k.plan.backwardWeightsInto(x(), y(), dw, ADD)),
                        aliases(
                                "weightsGradient",
                                k.weights,
                                "source",
                                SOURCE,
                                (dw, x) -> k.plan.backwardWeightsInto(x, y(), dw, ADD)),
                        aliases(
                                "weightsGradient",
                                k.weights,
                                "outputGradient",
                                OUTPUT,
                                (dw, dy) -> k.plan.backwardWeightsInto(x(), dy, dw, ADD)),
                        accumulate(() -> k.plan.backwardWeightsInto(x(), y(), k.w(), null)),
                        unsupported(
                                "plan: the weights' gradient", () -> k.bf16.backwardWeightsInto(x(), y(), k.w(), ADD)),
                        closedPlan(() -> k.closed.backwardWeightsInto(x(), y(), k.w(), ADD)))));
        method(
                "Plan.backwardBias(Tensor)",
                both(k -> all(
                        activations(k, "outputGradient", OUTPUT, dy -> k.plan.backwardBias(dy)),
                        closedPlan(() -> k.closed.backwardBias(y())),
                        state("spec", () -> k.unbiased.backwardBias(y())))));
        method(
                "Plan.backwardBiasInto(Tensor, Tensor, Accumulate)",
                both(k -> all(
                        activations(k, "outputGradient", OUTPUT, dy -> k.plan.backwardBiasInto(dy, b(), ADD)),
                        operand("biasGradient", BIAS, db -> k.plan.backwardBiasInto(y(), db, ADD)),
                        aliases(
                                "biasGradient",
                                BIAS,
                                "outputGradient",
                                OUTPUT,
                                (db, dy) -> k.plan.backwardBiasInto(dy, db, ADD)),
                        accumulate(() -> k.plan.backwardBiasInto(y(), b(), null)),
                        closedPlan(() -> k.closed.backwardBiasInto(y(), b(), ADD)),
                        state("spec", () -> k.unbiased.backwardBiasInto(y(), b(), ADD)))));
    }

    // ---- signal -----------------------------------------------------------------------------------------------------

    private interface Operation<T> {
        void with(T signal, T kernel, Mode mode) throws Throwable;
    }

    private static <T> Refusal[] line(T empty, T one, T two, Operation<T> operation) {
        return all(
                isNull("signal", () -> operation.with(null, one, Mode.FULL)),
                isNull("kernel", () -> operation.with(one, null, Mode.FULL)),
                isNull("mode", () -> operation.with(one, one, null)),
                illegal("signal", () -> operation.with(empty, one, Mode.FULL)),
                illegal("kernel", () -> operation.with(one, empty, Mode.FULL)),
                illegal("kernel", () -> operation.with(one, two, Mode.VALID)));
    }

    private static <T> Refusal[] plane(T nullRow, T ragged, T emptyRow, T one, T wide, T high, Operation<T> operation) {
        return all(
                isNull("signal[1]", () -> operation.with(nullRow, one, Mode.FULL)),
                isNull("kernel[1]", () -> operation.with(one, nullRow, Mode.FULL)),
                illegal("signal", () -> operation.with(ragged, one, Mode.FULL)),
                illegal("kernel", () -> operation.with(one, ragged, Mode.FULL)),
                illegal("signal", () -> operation.with(emptyRow, one, Mode.FULL)),
                illegal("kernel", () -> operation.with(one, emptyRow, Mode.FULL)),
                illegal("kernel", () -> operation.with(one, wide, Mode.VALID)),
                illegal("kernel", () -> operation.with(one, high, Mode.VALID)));
    }

    private static Refusal[] doubles(Operation<double[]> operation) {
        return line(new double[0], new double[1], new double[2], operation);
    }

    private static Refusal[] floats(Operation<float[]> operation) {
        return line(new float[0], new float[1], new float[2], operation);
    }

    private static Refusal[] doublePlanes(Operation<double[][]> operation) {
        double[][] one = new double[1][1];
        return all(
                line(new double[0][], one, new double[2][1], operation),
                plane(
                        new double[][] {{1}, null},
                        new double[][] {{1, 2}, {1}},
                        new double[1][0],
                        one,
                        new double[1][2],
                        new double[2][1],
                        operation));
    }

    private static Refusal[] floatPlanes(Operation<float[][]> operation) {
        float[][] one = new float[1][1];
        return all(
                line(new float[0][], one, new float[2][1], operation),
                plane(
                        new float[][] {{1}, null},
                        new float[][] {{1, 2}, {1}},
                        new float[1][0],
                        one,
                        new float[1][2],
                        new float[2][1],
                        operation));
    }

    private static void signal() {
        method("Signal.convolve(double[], double[], Mode)", doubles(Signal::convolve));
        method("Signal.convolve(double[][], double[][], Mode)", doublePlanes(Signal::convolve));
        method("Signal.convolve(float[], float[], Mode)", floats(Signal::convolve));
        method("Signal.convolve(float[][], float[][], Mode)", floatPlanes(Signal::convolve));
        method("Signal.correlate(double[], double[], Mode)", doubles(Signal::correlate));
        method("Signal.correlate(double[][], double[][], Mode)", doublePlanes(Signal::correlate));
        method("Signal.correlate(float[], float[], Mode)", floats(Signal::correlate));
        method("Signal.correlate(float[][], float[][], Mode)", floatPlanes(Signal::correlate));
        method(
                "Signal.deconvolve(double[], double[])",
                isNull("signal", () -> Signal.deconvolve(null, new double[1])),
                isNull("divisor", () -> Signal.deconvolve(new double[1], null)),
                illegal("signal", () -> Signal.deconvolve(new double[0], new double[] {1})),
                illegal("divisor", () -> Signal.deconvolve(new double[1], new double[0])),
                illegal("divisor", () -> Signal.deconvolve(new double[1], new double[] {0, 1})));
        method(
                "Deconvolution.new(double[], double[])",
                isNull("quotient", () -> new Deconvolution(null, new double[0])),
                isNull("remainder", () -> new Deconvolution(new double[0], null)));
        total("Deconvolution", "quotient()", "remainder()");
    }

    // ---- The tests --------------------------------------------------------------------------------------------------

    @TestFactory
    Stream<DynamicContainer> badInputGetsTheDocumentedException() {
        return CASES.entrySet().stream()
                .filter(entry -> entry.getValue().length > 0)
                .map(entry -> DynamicContainer.dynamicContainer(
                        entry.getKey(),
                        IntStream.range(0, entry.getValue().length).mapToObj(i -> {
                            Refusal refusal = entry.getValue()[i];
                            return DynamicTest.dynamicTest(
                                    i + ": " + refusal.type().getSimpleName() + " " + refusal.message(),
                                    refusal::check);
                        })));
    }

    @Test
    void everyPublicMethodHasACase() throws Exception {
        Set<String> found = new TreeSet<>();
        for (Class<?> type : exportedClasses()) {
            for (var constructor : type.getConstructors()) {
                found.add(signature(type, "new", constructor.getParameterTypes()));
            }
            for (var method : type.getDeclaredMethods()) {
                if (Modifier.isPublic(method.getModifiers()) && !method.isSynthetic() && !isGiven(type, method)) {
                    found.add(signature(type, method.getName(), method.getParameterTypes()));
                }
            }
        }
        assertFalse(found.isEmpty());
        assertEquals(Set.of(), without(found, CASES.keySet()), "methods without a case");
        assertEquals(Set.of(), without(CASES.keySet(), found), "cases without a method");
    }

    private static Set<String> without(Set<String> some, Set<String> others) {
        Set<String> rest = new TreeSet<>(some);
        rest.removeAll(others);
        return rest;
    }

    /** What every object, or every enum, has. */
    private static boolean isGiven(Class<?> type, java.lang.reflect.Method method) {
        return switch (method.getName()) {
            case "equals" -> method.getParameterCount() == 1;
            case "hashCode", "toString" -> method.getParameterCount() == 0;
            case "values", "valueOf" -> type.isEnum();
            default -> false;
        };
    }

    private static String signature(Class<?> type, String name, Class<?>[] parameters) {
        String outer = type.isMemberClass() ? type.getDeclaringClass().getSimpleName() + "." : "";
        return outer + type.getSimpleName() + "." + name
                + Arrays.stream(parameters).map(Class::getSimpleName).collect(Collectors.joining(", ", "(", ")"));
    }

    private static List<Class<?>> exportedClasses() throws IOException, ClassNotFoundException {
        Path root = Path.of(URI.create(
                Tensor.class.getProtectionDomain().getCodeSource().getLocation().toString()));
        var module = ModuleFinder.of(root).find("io.conv4j").orElseThrow().descriptor();
        List<Class<?>> classes = new ArrayList<>();
        for (var export : module.exports()) {
            try (Stream<Path> files = Files.list(root.resolve(export.source().replace('.', '/')))) {
                for (Path file : (Iterable<Path>) files::iterator) {
                    String name = file.getFileName().toString().replace(".class", "");
                    if (name.length() < file.getFileName().toString().length() && !name.equals("package-info")) {
                        classes.add(Class.forName(export.source() + "." + name));
                    }
                }
            }
        }
        classes.removeIf(type -> !isPublic(type));
        return classes;
    }

    private static boolean isPublic(Class<?> type) {
        return Modifier.isPublic(type.getModifiers())
                && (type.getDeclaringClass() == null || isPublic(type.getDeclaringClass()));
    }
}
