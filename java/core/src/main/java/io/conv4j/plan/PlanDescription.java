package io.conv4j.plan;

import io.conv4j.memory.DataType;
import io.conv4j.memory.Layout;
import io.conv4j.spec.BiasMode;
import io.conv4j.spec.Shape;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;

/** What a plan does: a table when printed, and JSON. Immutable; outlives its plan. */
public final class PlanDescription {
    private static final String ROW = "  %-16s %-32s %10s %10s %8s %12s  %-24s%n";

    private final String title;
    private final List<String> operands;
    private final String json;
    private final long parameters;
    private final DataType weightsType;
    private final List<PassDescription> passes;

    PlanDescription(Plan plan, PlanEngine engine) {
        weightsType = plan.options().weightsType();
        boolean biased = plan.spec().bias() != BiasMode.NONE;
        parameters = plan.weightsShape().elements() + (biased ? plan.biasShape().elements() : 0);
        passes = new ArrayList<>();
        passes.add(new PassDescription(Pass.FORWARD, plan, engine));
        passes.add(new PassDescription(Pass.BACKWARD_DATA, plan, engine));
        if (plan.trains()) {
            passes.add(new PassDescription(Pass.BACKWARD_WEIGHTS, plan, engine));
        }
        String layer = (plan.transposed() ? "transposed convolution " : "convolution ") + plan.spec();
        title = layer + ", " + parameters + " parameters, " + plan.options();
        operands = new ArrayList<>();
        operands.add(operand("source", plan.sourceShape(), plan.sourceLayout()));
        String weights = operand("weights", plan.weightsShape(), plan.weightsLayout());
        operands.add(plan.trains() ? weights : weights + ", others rounded to it in every call");
        if (biased) {
            operands.add(operand("bias", plan.biasShape(), plan.spec().bias()));
        }
        operands.add(operand("output", plan.outputShape(), plan.outputLayout()));
        json = new Json()
                .put("layer", layer)
                .put("options", plan.options().toString())
                .put("parameters", parameters)
                .putRaw("source", operand(plan.sourceShape(), plan.sourceLayout()))
                .putRaw("weights", operand(plan.weightsShape(), plan.weightsLayout()))
                .putRaw("bias", biased ? operand(plan.biasShape(), plan.spec().bias()) : "null")
                .putRaw("output", operand(plan.outputShape(), plan.outputLayout()))
                .putRaw(
                        "passes",
                        passes.stream().map(PassDescription::toJson).toList().toString())
                .toString();
    }

    private static String operand(String name, Shape shape, Object layout) {
        return String.format(Locale.ROOT, "  %-16s %s %s", name, shape, layout);
    }

    private static String operand(Shape shape, Object layout) {
        return new Json()
                .putRaw("shape", Arrays.toString(shape.toArray()))
                .put(layout instanceof Layout ? "layout" : "mode", layout.toString())
                .toString();
    }

    /**
     * Numbers that are learned.
     *
     * @return the elements of weights and bias
     */
    public long parameters() {
        return parameters;
    }

    /**
     * The passes that compute a convolution.
     *
     * @return forward, backward data and, where the plan trains, backward weights
     */
    public List<PassDescription> passes() {
        return List.copyOf(passes);
    }

    /**
     * All of it for programs.
     *
     * @return a JSON object: {@code layer, options, parameters, source, weights, bias, output, passes}
     */
    public String toJson() {
        return json;
    }

    /** A table, whose form may change. */
    @Override
    public String toString() {
        StringBuilder text = new StringBuilder(title).append(System.lineSeparator());
        operands.forEach(line -> text.append(line).append(System.lineSeparator()));
        text.append(String.format(
                ROW, "pass", "implementation", "Mflop", "Mbyte", "flop/B", "workspace B", "at best here"));
        for (PassDescription pass : passes) {
            text.append(String.format(
                    Locale.ROOT,
                    ROW,
                    pass.name(),
                    pass.implementation(),
                    String.format(Locale.ROOT, "%.3f", 1e-6 * pass.flops()),
                    String.format(Locale.ROOT, "%.3f", 1e-6 * pass.bytes()),
                    String.format(Locale.ROOT, "%.1f", pass.flopsPerByte()),
                    pass.workspaceBytes(),
                    String.format(
                            Locale.ROOT,
                            "%.4f ms, %s",
                            1e3 * pass.expectedSeconds(),
                            pass.isMemoryBound() ? "memory" : "compute")));
            for (String reorder : pass.reorders()) {
                text.append("    reorders ").append(reorder).append(System.lineSeparator());
            }
        }
        if (passes.size() < 3) {
            text.append("  backwardWeights  none: weights of ")
                    .append(weightsType)
                    .append(" are for inference");
            text.append(System.lineSeparator());
        }
        return text.toString();
    }
}
