package io.conv4j.plan;

import io.conv4j.memory.DataType;
import io.conv4j.memory.Layout;
import io.conv4j.memory.Tensor;
import io.conv4j.spec.BiasMode;
import io.conv4j.spec.ConvGeometry;
import io.conv4j.spec.ConvSpec;
import io.conv4j.spec.Orientation;
import io.conv4j.spec.Shape;
import java.util.Objects;

/**
 * A layer made ready for one batch shape: its forward pass and all its gradients. {@link ConvPlan} and {@link
 * TransposedConvPlan} say what each method computes.
 *
 * <p>A plan is immutable and may be used by any number of threads at once. It always runs with the threads it was made
 * with ({@link PlanOptions}). It holds native memory until {@link #close()}, some hundred bytes for each position of its
 * longest axis beside the workspaces of its calls; one that was forgotten is freed when it has become unreachable.
 *
 * <p>Zeros of the padding may be multiplied or left out: an infinity or a NaN that meets nothing else makes a NaN of the result
 * or leaves it as it is.
 *
 * <p>Operands come in any layout and are converted where needed; a tensor in the plan's own {@linkplain #sourceLayout()
 * layouts} is used as it is. Methods that return a tensor allocate it in the plan's layout, and the caller closes it; the
 * {@code Into} forms write into the caller's. All methods that take tensors throw
 *
 * <ul>
 *   <li>{@link NullPointerException} if one is null, naming it,
 *   <li>{@link IllegalArgumentException} if one has the wrong shape, holds weights packed for another orientation, is in
 *       an opaque layout of weights in place of activations or the other way round, or shares memory with the result,
 *   <li>{@link IllegalStateException} if one of them or the plan is closed, or one is a view of a closed arena,
 *   <li>{@link OutOfMemoryError} if native memory for the result or the workspace is out, or the system has no room for the
 *       plan's threads.
 * </ul>
 */
public abstract sealed class Plan implements AutoCloseable permits ConvPlan, TransposedConvPlan {
    private final ConvSpec spec;
    private final PlanEngine engine;
    private final Shape sourceShape;
    private final Shape outputShape;

    Plan(ConvSpec spec, ConvGeometry geometry, PlanOptions options) {
        this.spec = spec;
        this.engine = PlanEngine.create(geometry, Objects.requireNonNull(options, "options"));
        this.sourceShape = transposed() ? geometry.outputShape() : geometry.sourceShape();
        this.outputShape = transposed() ? geometry.sourceShape() : geometry.outputShape();
    }

    Plan(Plan plan, long batch) {
        this.spec = plan.spec;
        this.engine = plan.engine.withBatch(batch);
        this.sourceShape = plan.sourceShape.with(0, batch);
        this.outputShape = plan.outputShape.with(0, batch);
    }

    boolean transposed() {
        return engine.geometry.isTransposed();
    }

    /**
     * The layer.
     *
     * @return what the plan was made from
     */
    public ConvSpec spec() {
        return spec;
    }

    /**
     * The resolved sizes; of a transposed layer, those of the convolution it mirrors.
     *
     * @return the geometry
     */
    public ConvGeometry geometry() {
        return engine.geometry;
    }

    /**
     * How the plan computes.
     *
     * @return its options
     */
    public PlanOptions options() {
        return engine.options;
    }

    /**
     * Shape of the layer's source.
     *
     * @return {@code [n, ic, spatial...]}
     */
    public Shape sourceShape() {
        return sourceShape;
    }

    /**
     * Shape of the layer's weights in logical order.
     *
     * @return {@code [oc, (kernels per axis...,) ic / g, kernel size per axis...]}; transposed, {@code [ic, (kernels per
     *     axis...,) oc / g, kernel size per axis...]}
     */
    public Shape weightsShape() {
        return engine.geometry.weightsShape();
    }

    /**
     * Shape of the layer's bias.
     *
     * @return the shape that belongs to its {@link BiasMode}
     * @throws IllegalStateException if the layer has no bias
     */
    public Shape biasShape() {
        return engine.geometry.biasShape();
    }

    /**
     * Shape of the layer's output.
     *
     * @return {@code [n, oc, spatial...]}
     */
    public Shape outputShape() {
        return outputShape;
    }

    /**
     * The layout in which the plan reads sources and writes their gradients without conversion.
     *
     * @return the layout
     */
    public Layout sourceLayout() {
        return engine.sourceLayout;
    }

    /**
     * The layout in which the plan reads weights and writes their gradients without conversion. It depends on the layer,
     * the spatial sizes and the options, and on the batch only where oneDNN would have nothing but reference loops for a
     * batch's weights in that of the others. Its elements are of {@link PlanOptions#weightsType()}: weights of another type
     * are converted in every call, those of {@link DataType#F32} rounded to a plan's {@link DataType#BF16}.
     *
     * @return the layout
     */
    public Layout weightsLayout() {
        return engine.weightsLayout;
    }

    /**
     * The layout in which the plan writes outputs and reads their gradients without conversion.
     *
     * @return the layout
     */
    public Layout outputLayout() {
        return engine.outputLayout;
    }

    /**
     * Native memory that one running call takes at most, beside its operands, when they are in the plan's layouts.
     *
     * @return the largest workspace of any pass in bytes, whether a gradient overwrites or adds
     * @throws IllegalStateException if the plan is closed
     */
    public long workspaceBytes() {
        long most = 0;
        for (Pass pass : Pass.values()) {
            for (Accumulate accumulate : Accumulate.values()) {
                if (takes(pass, accumulate)) {
                    most = Math.max(most, engine.workspaceBytes(pass, accumulate));
                }
            }
        }
        return most;
    }

    private boolean takes(Pass pass, Accumulate accumulate) {
        return switch (pass) {
            case FORWARD -> accumulate == forwardAccumulate();
            case BACKWARD_WEIGHTS -> trains();
            default -> true;
        };
    }

    Accumulate forwardAccumulate() {
        return options().residual() ? Accumulate.ADD : Accumulate.OVERWRITE;
    }

    /**
     * This plan for another batch size, sharing every choice, and the layout of the weights (see {@link #weightsLayout()}).
     *
     * @param batch n, at least 0
     * @return a new plan, which the caller closes
     * @throws IllegalArgumentException if {@code batch} is negative or makes a tensor exceed 2^63 - 1 elements
     * @throws UnsupportedOperationException if {@code batch} is above 2^31 - 1 or makes a tensor exceed 2^34 elements
     * @throws IllegalStateException if the plan is closed
     * @throws OutOfMemoryError if native memory is out
     */
    public abstract Plan withBatch(long batch);

    /**
     * The forward pass of a layer without bias.
     *
     * @param source {@link #sourceShape()}
     * @param weights {@link #weightsShape()}
     * @return the output, {@link #outputShape()} in {@link #outputLayout()}
     * @throws IllegalArgumentException also if the layer has a bias
     */
    public Tensor forward(Tensor source, Tensor weights) {
        checkForward(source, weights, null);
        return filled(outputShape, outputLayout(), output -> runForward(source, weights, null, output));
    }

    /**
     * The forward pass of a layer with bias.
     *
     * @param source {@link #sourceShape()}
     * @param weights {@link #weightsShape()}
     * @param bias {@link #biasShape()}
     * @return the output, {@link #outputShape()} in {@link #outputLayout()}
     * @throws IllegalArgumentException also if the layer has no bias
     */
    public Tensor forward(Tensor source, Tensor weights, Tensor bias) {
        Objects.requireNonNull(bias, "bias");
        checkForward(source, weights, bias);
        return filled(outputShape, outputLayout(), output -> runForward(source, weights, bias, output));
    }

    /**
     * The forward pass of a layer without bias, into the caller's tensor.
     *
     * @param source {@link #sourceShape()}
     * @param weights {@link #weightsShape()}
     * @param output {@link #outputShape()}; overwritten, or added to with {@link PlanOptions#residual()}
     * @throws IllegalArgumentException also if the layer has a bias
     */
    public void forwardInto(Tensor source, Tensor weights, Tensor output) {
        checkForward(source, weights, null);
        checkOperand("output", output, outputShape, OUTPUT);
        checkApart("output", output, "source", source);
        checkApart("output", output, "weights", weights);
        runForward(source, weights, null, output);
    }

    /**
     * The forward pass of a layer with bias, into the caller's tensor.
     *
     * @param source {@link #sourceShape()}
     * @param weights {@link #weightsShape()}
     * @param bias {@link #biasShape()}
     * @param output {@link #outputShape()}; overwritten, or added to with {@link PlanOptions#residual()}
     * @throws IllegalArgumentException also if the layer has no bias
     */
    public void forwardInto(Tensor source, Tensor weights, Tensor bias, Tensor output) {
        Objects.requireNonNull(bias, "bias");
        checkForward(source, weights, bias);
        checkOperand("output", output, outputShape, OUTPUT);
        checkApart("output", output, "source", source);
        checkApart("output", output, "weights", weights);
        checkApart("output", output, "bias", bias);
        runForward(source, weights, bias, output);
    }

    /**
     * The gradient with respect to the source (the chapter's h).
     *
     * @param outputGradient {@link #outputShape()}
     * @param weights {@link #weightsShape()}
     * @return the gradient, {@link #sourceShape()} in {@link #sourceLayout()}
     */
    public Tensor backwardData(Tensor outputGradient, Tensor weights) {
        checkBackwardData(outputGradient, weights);
        return filled(
                sourceShape,
                sourceLayout(),
                gradient -> runBackwardData(outputGradient, weights, gradient, Accumulate.OVERWRITE));
    }

    /**
     * The gradient with respect to the source, into the caller's tensor.
     *
     * @param outputGradient {@link #outputShape()}
     * @param weights {@link #weightsShape()}
     * @param sourceGradient {@link #sourceShape()}; overwritten or added to
     * @param accumulate which of the two
     */
    public void backwardDataInto(Tensor outputGradient, Tensor weights, Tensor sourceGradient, Accumulate accumulate) {
        checkBackwardData(outputGradient, weights);
        checkOperand("sourceGradient", sourceGradient, sourceShape, SOURCE);
        checkApart("sourceGradient", sourceGradient, "outputGradient", outputGradient);
        checkApart("sourceGradient", sourceGradient, "weights", weights);
        Objects.requireNonNull(accumulate, "accumulate");
        runBackwardData(outputGradient, weights, sourceGradient, accumulate);
    }

    /**
     * The gradient with respect to the weights (the chapter's g).
     *
     * @param source {@link #sourceShape()}
     * @param outputGradient {@link #outputShape()}
     * @return the gradient, {@link #weightsShape()} in {@link #weightsLayout()}
     * @throws UnsupportedOperationException if the plan's weights are not {@link DataType#F32}
     */
    public Tensor backwardWeights(Tensor source, Tensor outputGradient) {
        checkBackwardWeights(source, outputGradient);
        return filled(
                weightsShape(),
                weightsLayout(),
                gradient -> runBackwardWeights(source, outputGradient, gradient, Accumulate.OVERWRITE));
    }

    /**
     * The gradient with respect to the weights, into the caller's tensor.
     *
     * @param source {@link #sourceShape()}
     * @param outputGradient {@link #outputShape()}
     * @param weightsGradient {@link #weightsShape()}; overwritten or added to. One of {@link DataType#BF16} is rounded, and
     *     loses what is small beside it
     * @param accumulate which of the two
     * @throws UnsupportedOperationException if the plan's weights are not {@link DataType#F32}
     */
    public void backwardWeightsInto(
            Tensor source, Tensor outputGradient, Tensor weightsGradient, Accumulate accumulate) {
        checkBackwardWeights(source, outputGradient);
        checkWeights("weightsGradient", weightsGradient);
        checkApart("weightsGradient", weightsGradient, "source", source);
        checkApart("weightsGradient", weightsGradient, "outputGradient", outputGradient);
        Objects.requireNonNull(accumulate, "accumulate");
        runBackwardWeights(source, outputGradient, weightsGradient, accumulate);
    }

    /**
     * The gradient with respect to the bias: the sum of the output's gradient over the positions that share a bias, and
     * over the batch.
     *
     * @param outputGradient {@link #outputShape()}
     * @return the gradient, {@link #biasShape()}
     * @throws IllegalStateException also if the layer has no bias
     */
    public Tensor backwardBias(Tensor outputGradient) {
        engine.checkOpen();
        checkOperand("outputGradient", outputGradient, outputShape, OUTPUT);
        return filled(
                biasShape(),
                Layout.CHANNELS_FIRST,
                gradient -> runBackwardBias(outputGradient, gradient, Accumulate.OVERWRITE));
    }

    /**
     * The gradient with respect to the bias, into the caller's tensor.
     *
     * @param outputGradient {@link #outputShape()}
     * @param biasGradient {@link #biasShape()}; overwritten or added to
     * @param accumulate which of the two
     * @throws IllegalStateException also if the layer has no bias
     */
    public void backwardBiasInto(Tensor outputGradient, Tensor biasGradient, Accumulate accumulate) {
        engine.checkOpen();
        checkOperand("outputGradient", outputGradient, outputShape, OUTPUT);
        checkOperand("biasGradient", biasGradient, biasShape(), BIAS);
        checkApart("biasGradient", biasGradient, "outputGradient", outputGradient);
        Objects.requireNonNull(accumulate, "accumulate");
        runBackwardBias(outputGradient, biasGradient, accumulate);
    }

    private static final String SOURCE = "N, IC, spatial sizes";
    private static final String OUTPUT = "N, OC, spatial sizes";
    private static final String BIAS = "one value per bias";

    private String weightsWords() {
        String kernels = engine.geometry.isShared() ? "" : "kernels per axis, ";
        return transposed()
                ? "IC, " + kernels + "OC/groups, kernel sizes"
                : "OC, " + kernels + "IC/groups, kernel sizes";
    }

    private void checkForward(Tensor source, Tensor weights, Tensor bias) {
        engine.checkOpen();
        checkOperand("source", source, sourceShape, SOURCE);
        checkWeights("weights", weights);
        if (bias == null && spec.bias() != BiasMode.NONE) {
            throw new IllegalArgumentException("bias: expected " + biasShape() + ", after the weights, but got none");
        }
        if (bias != null) {
            if (spec.bias() == BiasMode.NONE) {
                throw new IllegalArgumentException("bias: expected none but got " + bias.shape());
            }
            checkOperand("bias", bias, biasShape(), BIAS);
        }
    }

    private void checkBackwardData(Tensor outputGradient, Tensor weights) {
        engine.checkOpen();
        checkOperand("outputGradient", outputGradient, outputShape, OUTPUT);
        checkWeights("weights", weights);
    }

    private void checkBackwardWeights(Tensor source, Tensor outputGradient) {
        engine.checkOpen();
        if (!trains()) {
            throw new UnsupportedOperationException(
                    "plan: the weights' gradient takes a plan for weights of F32 but this one's are "
                            + engine.options.weightsType());
        }
        checkOperand("source", source, sourceShape, SOURCE);
        checkOperand("outputGradient", outputGradient, outputShape, OUTPUT);
    }

    boolean trains() {
        return engine.options.weightsType() == DataType.F32;
    }

    private static void checkOperand(String name, Tensor tensor, Shape shape, String words) {
        checkShape(name, tensor, shape, words);
        if (PlanEngine.orientation(tensor.layout()) != null) {
            throw new IllegalArgumentException(
                    name + ": expected a layout of activations but got " + tensor.layout() + ", packed weights");
        }
    }

    private void checkWeights(String name, Tensor weights) {
        checkShape(name, weights, weightsShape(), weightsWords());
        Layout layout = weights.layout();
        Orientation packedFor = PlanEngine.orientation(layout);
        if (packedFor == null && layout.isOpaque()) {
            throw new IllegalArgumentException(
                    name + ": expected a layout of weights but got " + layout + ", one of activations");
        }
        if (packedFor != null && packedFor != spec.orientation()) {
            throw new IllegalArgumentException(
                    name + ": expected weights packed for " + spec.orientation() + " but got " + packedFor);
        }
    }

    private static void checkShape(String name, Tensor tensor, Shape shape, String words) {
        Objects.requireNonNull(tensor, name);
        if (!tensor.shape().equals(shape)) {
            long batch = tensor.shape().size(0);
            boolean isOtherBatch = words.startsWith("N,") && tensor.shape().equals(shape.with(0, batch));
            throw new IllegalArgumentException(name + ": expected " + shape + " (" + words + ") but got "
                    + tensor.shape() + (isOtherBatch ? "; withBatch(" + batch + ") makes a plan for it" : ""));
        }
        PlanEngine.checkOpen(name, tensor);
    }

    private static void checkApart(String name, Tensor result, String operandName, Tensor operand) {
        if (PlanEngine.overlap(result, operand)) {
            throw new IllegalArgumentException(name + ": expected memory apart from that of " + operandName);
        }
    }

    private void runForward(Tensor source, Tensor weights, Tensor bias, Tensor output) {
        engine.execute(Pass.FORWARD, forwardAccumulate(), source, weights, bias, output);
    }

    private void runBackwardData(Tensor outputGradient, Tensor weights, Tensor sourceGradient, Accumulate accumulate) {
        engine.execute(Pass.BACKWARD_DATA, accumulate, sourceGradient, weights, null, outputGradient);
    }

    private void runBackwardWeights(
            Tensor source, Tensor outputGradient, Tensor weightsGradient, Accumulate accumulate) {
        engine.execute(Pass.BACKWARD_WEIGHTS, accumulate, source, weightsGradient, null, outputGradient);
    }

    private void runBackwardBias(Tensor outputGradient, Tensor biasGradient, Accumulate accumulate) {
        engine.execute(Pass.BACKWARD_BIAS, accumulate, null, null, biasGradient, outputGradient);
    }

    private static Tensor filled(Shape shape, Layout layout, java.util.function.Consumer<Tensor> fill) {
        Tensor tensor = Tensor.zeros(shape, layout);
        try {
            fill.accept(tensor);
            return tensor;
        } catch (Throwable e) {
            tensor.close();
            throw e;
        }
    }

    /**
     * What the plan does: sizes, layouts, and for each pass what computes it, how much, and how fast it could be at best
     * here. A description measures the machine, for some tens of milliseconds, unless one with the same instruction
     * set, number of threads and size of what is moved did.
     *
     * @return the description, a table when printed
     * @throws IllegalStateException if the plan is closed
     * @throws OutOfMemoryError if there is no room for what is measured, or for the plan's threads
     */
    public PlanDescription describe() {
        return new PlanDescription(this, engine);
    }

    /**
     * Whether {@link #close()} was called.
     *
     * @return whether the plan can no longer be used
     */
    public boolean isClosed() {
        return engine.isClosed();
    }

    /** Frees the plan's native memory, once running calls have ended. Closing again does nothing. */
    @Override
    public void close() {
        engine.close();
    }

    /** The layer and its source shape. */
    @Override
    public String toString() {
        return getClass().getSimpleName() + " " + spec + ", source " + sourceShape + (isClosed() ? " (closed)" : "");
    }
}
