package io.conv4j.plan;

import io.conv4j.internal.binding.Access;
import io.conv4j.internal.binding.NativeLibrary;
import io.conv4j.internal.binding.NativeLoader;
import io.conv4j.internal.binding.NativeMemory;
import io.conv4j.internal.binding.NativeResource;
import io.conv4j.internal.binding.Status;
import io.conv4j.internal.binding.ThreadLease;
import io.conv4j.memory.DataType;
import io.conv4j.memory.Layout;
import io.conv4j.memory.Tensor;
import io.conv4j.spec.Axis;
import io.conv4j.spec.ConvGeometry;
import io.conv4j.spec.Orientation;
import io.conv4j.spec.Shape;
import java.util.function.ToIntFunction;

/**
 * A native plan: the geometry's encoding, its passes, its layouts, its life. Passes and operands are the layer's; a
 * transposed one is computed by the convolution that it mirrors. Operands are checked by the caller.
 */
final class PlanEngine {
    /** From some 200 GB on, oneDNN 3.11 divides by zero while it looks for a blocking. */
    private static final long MOST_ELEMENTS = 1L << 34;

    /** As in conv4j.h. */
    private static final int SRC = 0;

    private static final int WEIGHTS = 1;
    private static final int DST = 3;

    private static final Layout NO_LAYOUT = Layout.CHANNELS_FIRST;
    private static final Access ACCESS = Access.get();

    final ConvGeometry geometry;
    final PlanOptions options;
    final Layout sourceLayout;
    final Layout weightsLayout;
    final Layout outputLayout;
    private final long handle;
    private final NativeResource resource;

    private PlanEngine(ConvGeometry geometry, PlanOptions options, ToIntFunction<long[]> create) {
        this.geometry = geometry;
        this.options = options;
        // Not owned by the plan, which may become unreachable while its last call begins.
        this.resource = new NativeResource(this, NativeLibrary::c4j_plan_destroy);
        this.handle = resource.create(create);
        this.sourceLayout = layout(source());
        this.outputLayout = layout(output());
        this.weightsLayout = layout(WEIGHTS);
    }

    static PlanEngine create(ConvGeometry geometry, PlanOptions options) {
        checkSupported(geometry, "sourceShape", options);
        NativeLoader.ensureLoaded();
        long[] geometryFields = encode(geometry);
        long[] optionFields = encode(options);
        return new PlanEngine(
                geometry, options, plan -> NativeLibrary.c4j_plan_create(geometryFields, optionFields, plan));
    }

    PlanEngine withBatch(long batch) {
        ConvGeometry changed = geometry.withBatch(batch);
        checkSupported(changed, "batch", options);
        acquire();
        try {
            return new PlanEngine(changed, options, plan -> NativeLibrary.c4j_plan_with_batch(handle, batch, plan));
        } finally {
            release();
        }
    }

    private static void checkSupported(ConvGeometry geometry, String argument, PlanOptions options) {
        if (options.implementation() == Implementation.ONEDNN && !geometry.isShared()) {
            throw new UnsupportedOperationException(
                    "options: implementation ONEDNN takes layers that are shared on every axis only");
        }
        if (options.weightsType() != DataType.F32
                && geometry.isShared()
                && options.implementation() != Implementation.KERNELS) {
            throw new UnsupportedOperationException("options: weightsType " + options.weightsType()
                    + " takes own kernels, which AUTO does not promise for a layer that is shared on every axis;"
                    + " implementation KERNELS does");
        }
        checkSize(argument, "the batch", geometry.batch());
        checkSize("spec", "input channels", geometry.inChannels());
        checkSize("spec", "output channels", geometry.outChannels());
        for (Axis axis : geometry.axes()) {
            checkSize(argument, geometry.isTransposed() ? "the output" : "the source", axis.input());
            checkSize("spec", "the kernel", axis.kernel());
            checkSize("spec", "the stride", axis.stride());
            checkSize("spec", "the dilation", axis.dilation());
            checkSize("spec", "the padding", Math.max(axis.padBegin(), axis.padEnd()));
            checkSize(argument, geometry.isTransposed() ? "the source" : "the output", axis.output());
            checkSize("spec", "the sharing", axis.sharing().size());
        }
        boolean transposed = geometry.isTransposed();
        ConvGeometry images = geometry.batch() == 0 ? geometry.withBatch(1) : geometry;
        checkElements(argument, transposed ? "the output" : "the source", images.sourceShape());
        checkElements(argument, transposed ? "the source" : "the output", images.outputShape());
        checkElements("spec", "weights", images.weightsShape());
    }

    private static void checkElements(String argument, String what, Shape shape) {
        if (shape.elements() > MOST_ELEMENTS) {
            throw new UnsupportedOperationException(argument + ": plans take tensors of at most 2^34 elements but "
                    + what + " " + shape + " has " + shape.elements());
        }
    }

    /** oneDNN keeps sizes in 32 bits inside; own kernels keep to the same bound. */
    private static void checkSize(String argument, String what, long size) {
        if (size > Integer.MAX_VALUE) {
            throw new UnsupportedOperationException(
                    argument + ": plans take sizes of at most 2^31 - 1 but " + what + " has " + size);
        }
    }

    private static long[] encode(ConvGeometry geometry) {
        int fields = 8;
        int axisFields = 9;
        long[] encoded = new long[fields + 3 * axisFields];
        encoded[0] = geometry.axes().size();
        encoded[1] = geometry.batch();
        encoded[2] = geometry.inChannels();
        encoded[3] = geometry.outChannels();
        encoded[4] = geometry.groups();
        encoded[5] = geometry.bias().ordinal();
        encoded[6] = geometry.orientation() == Orientation.CONVOLUTION ? 1 : 0;
        encoded[7] = geometry.isTransposed() ? 1 : 0;
        int i = fields;
        for (Axis axis : geometry.axes()) {
            encoded[i++] = axis.input();
            encoded[i++] = axis.kernel();
            encoded[i++] = axis.stride();
            encoded[i++] = axis.dilation();
            encoded[i++] = axis.padBegin();
            encoded[i++] = axis.padEnd();
            encoded[i++] = axis.output();
            encoded[i++] = axis.sharing().kind().ordinal();
            encoded[i++] = axis.sharing().size();
        }
        return encoded;
    }

    private static long[] encode(PlanOptions options) {
        return new long[] {
            options.threads(),
            options.implementation().ordinal(),
            isa(options),
            options.weightsType().ordinal(),
            options.activation().kind,
            Float.floatToIntBits(options.activation().slope)
        };
    }

    private static int isa(PlanOptions options) {
        return options.isa().map(isa -> isa.ordinal() + 1).orElse(0);
    }

    private int source() {
        return geometry.isTransposed() ? DST : SRC;
    }

    private int output() {
        return geometry.isTransposed() ? SRC : DST;
    }

    private int number(Pass pass) {
        return pass.of(geometry).ordinal();
    }

    private Layout layout(int operand) {
        long[] id = new long[1];
        Status.check(NativeLibrary.c4j_plan_layout(handle, operand, id));
        return layout(operand, id[0]);
    }

    private Layout layout(int operand, long id) {
        return (Layout)
                (operand == WEIGHTS
                        ? ACCESS.weightsLayout(id, geometry.weightsShape(), geometry.orientation())
                        : ACCESS.layout(id));
    }

    Layout sourceLayout(Pass pass) {
        return layout(pass, source());
    }

    Layout weightsLayout(Pass pass) {
        return layout(pass, WEIGHTS);
    }

    Layout outputLayout(Pass pass) {
        return layout(pass, output());
    }

    /** The layout that a pass computes an operand in. */
    private Layout layout(Pass pass, int operand) {
        acquire();
        try {
            long[] id = new long[1];
            Status.check(NativeLibrary.c4j_plan_pass_layout(handle, number(pass), operand, id));
            return layout(operand, id[0]);
        } finally {
            release();
        }
    }

    /** Flops and bytes a second that this machine reaches on the plan's threads, in memory of so many bytes. */
    long[] limits(long sizeBytes) {
        long[] flops = new long[1];
        long[] bytes = new long[1];
        Runnable measure = () -> Status.check(
                NativeLibrary.c4j_machine_limits(isa(options), options.threads(), sizeBytes, flops, bytes));
        if (ThreadLease.runsDirectly(options.threads())) {
            measure.run();
        } else {
            ThreadLease.handOver(measure);
        }
        return new long[] {flops[0], bytes[0]};
    }

    long workspaceBytes(Pass pass, Accumulate accumulate) {
        acquire();
        try {
            long[] sizeBytes = new long[1];
            Status.check(NativeLibrary.c4j_plan_workspace_bytes(handle, number(pass), accumulate.ordinal(), sizeBytes));
            return sizeBytes[0];
        } finally {
            release();
        }
    }

    String implementation(Pass pass) {
        acquire();
        try {
            return NativeLibrary.c4j_plan_implementation(handle, number(pass));
        } finally {
            release();
        }
    }

    /** The orientation that a layout's weights were packed for; null for a layout of anything else. */
    static Orientation orientation(Layout layout) {
        return (Orientation) ACCESS.orientation(layout);
    }

    static void checkOpen(String name, Tensor tensor) {
        ACCESS.memory(tensor).checkOpen(name);
    }

    static boolean overlap(Tensor a, Tensor b) {
        return ACCESS.memory(a).overlaps(ACCESS.memory(b));
    }

    /** Runs one pass; a tensor that it does not use is null. */
    void execute(Pass pass, Accumulate accumulate, Tensor source, Tensor weights, Tensor bias, Tensor output) {
        Tensor src = geometry.isTransposed() ? output : source;
        Tensor dst = geometry.isTransposed() ? source : output;
        int number = number(pass);
        if (ThreadLease.runsDirectly(options.threads())) {
            run(number, accumulate, src, weights, bias, dst);
        } else {
            ThreadLease.handOver(() -> run(number, accumulate, src, weights, bias, dst));
        }
    }

    /**
     * Holds what the pass uses, in the thread that runs it: a caller that cannot wait any longer, for want of stack or
     * heap, lets go of nothing.
     */
    private void run(int pass, Accumulate accumulate, Tensor src, Tensor weights, Tensor bias, Tensor dst) {
        NativeMemory srcMemory = memory(src);
        NativeMemory weightsMemory = memory(weights);
        NativeMemory biasMemory = memory(bias);
        NativeMemory dstMemory = memory(dst);
        int held = 0;
        acquire();
        try {
            acquire(srcMemory);
            held = 1;
            acquire(weightsMemory);
            held = 2;
            acquire(biasMemory);
            held = 3;
            acquire(dstMemory);
            held = 4;
            Status.check(NativeLibrary.c4j_plan_execute(
                    handle,
                    pass,
                    accumulate.ordinal(),
                    address(srcMemory),
                    sizeBytes(srcMemory),
                    layoutId(src),
                    address(weightsMemory),
                    sizeBytes(weightsMemory),
                    layoutId(weights),
                    address(biasMemory),
                    sizeBytes(biasMemory),
                    layoutId(bias),
                    address(dstMemory),
                    sizeBytes(dstMemory),
                    layoutId(dst)));
        } finally {
            release(held > 3 ? dstMemory : null);
            release(held > 2 ? biasMemory : null);
            release(held > 1 ? weightsMemory : null);
            release(held > 0 ? srcMemory : null);
            release();
        }
    }

    private static NativeMemory memory(Tensor tensor) {
        return tensor == null ? null : ACCESS.memory(tensor);
    }

    private static void acquire(NativeMemory memory) {
        if (memory != null) {
            memory.acquire("tensor");
        }
    }

    private static void release(NativeMemory memory) {
        if (memory != null) {
            memory.release();
        }
    }

    private static long layoutId(Tensor tensor) {
        return ACCESS.layoutId(tensor == null ? NO_LAYOUT : tensor.layout());
    }

    private static long address(NativeMemory memory) {
        return memory == null ? 0 : memory.address();
    }

    private static long sizeBytes(NativeMemory memory) {
        return memory == null ? 0 : memory.sizeBytes();
    }

    /** Of a call's holds the first. */
    private void acquire() {
        NativeResource.probeStack();
        resource.acquire("plan");
    }

    private void release() {
        resource.release();
    }

    void checkOpen() {
        resource.checkOpen("plan");
    }

    boolean isClosed() {
        return resource.isClosed();
    }

    void close() {
        resource.close();
    }
}
