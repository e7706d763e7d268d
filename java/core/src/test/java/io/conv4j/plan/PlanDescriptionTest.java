package io.conv4j.plan;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.conv4j.memory.DataType;
import io.conv4j.memory.Layout;
import io.conv4j.spec.BiasMode;
import io.conv4j.spec.ConvSpec;
import io.conv4j.spec.Padding;
import io.conv4j.spec.Shape;
import io.conv4j.spec.Sharing;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

class PlanDescriptionTest {
    private static final PlanOptions ONE_THREAD =
            PlanOptions.builder().threads(1).build();

    private static ConvSpec.Builder layer() {
        return ConvSpec.builder(4, 16).kernel(3, 3).padding(Padding.same()).bias(BiasMode.CHANNEL);
    }

    private static PlanDescription describe(ConvSpec spec) {
        try (ConvPlan plan = ConvPlan.create(spec, Shape.of(2, 4, 6, 7), ONE_THREAD)) {
            return plan.describe();
        }
    }

    @Test
    void countsFlopsBytesAndParameters() {
        PlanDescription description = describe(layer().build());
        assertEquals(16 * 4 * 9 + 16, description.parameters());
        assertEquals(
                List.of("forward", "backwardData", "backwardWeights"),
                description.passes().stream().map(PassDescription::name).toList());
        for (PassDescription pass : description.passes()) {
            // On each axis three taps a position, but for one at either end on padding.
            assertEquals(2.0 * 2 * 16 * 4 * (3 * 6 - 2) * (3 * 7 - 2), pass.flops());
            assertEquals(4.0 * (2 * 4 * 42 + 16 * 4 * 9 + 2 * 16 * 42), pass.bytes());
            assertEquals(pass.flops() / pass.bytes(), pass.flopsPerByte());
            assertTrue(pass.expectedSeconds() > 0, pass::toString);
            // Nothing computes more than 10 Tflop/s in a thread, or moves less than 1 MB/s.
            assertTrue(pass.expectedSeconds() > pass.flops() / 1e13, pass::toString);
            assertTrue(pass.expectedSeconds() < pass.bytes() / 1e6, pass::toString);
        }
    }

    @Test
    void jsonSaysTheSame() throws Exception {
        for (ConvSpec spec : List.of(
                layer().build(),
                layer().sharing(Sharing.local()).bias(BiasMode.NONE).build())) {
            PlanDescription description = describe(spec);
            JsonNode json = new ObjectMapper().readTree(description.toJson());
            assertTrue(json.get("layer").asText().contains(spec.toString()));
            assertEquals(description.parameters(), json.get("parameters").asLong());
            assertEquals(6, json.get("source").get("shape").get(2).asLong());
            assertEquals(spec.bias() == BiasMode.NONE, json.get("bias").isNull());
            assertEquals(
                    spec.bias() == BiasMode.NONE ? "" : "CHANNEL",
                    json.get("bias").path("mode").asText());
            assertEquals(ONE_THREAD.toString(), json.get("options").asText());
            assertEquals(3, json.get("passes").size());
            for (int i = 0; i < 3; i++) {
                PassDescription pass = description.passes().get(i);
                JsonNode node = json.get("passes").get(i);
                assertEquals(pass.name(), node.get("pass").asText());
                assertEquals(pass.implementation(), node.get("implementation").asText());
                assertEquals(pass.reorders().size(), node.get("reorders").size());
                assertEquals(pass.flops(), node.get("flops").asDouble());
                assertEquals(pass.bytes(), node.get("bytes").asDouble());
                assertEquals(pass.flopsPerByte(), node.get("flops_per_byte").asDouble());
                assertEquals(pass.workspaceBytes(), node.get("workspace_bytes").asLong());
                assertEquals(
                        pass.isMemoryBound() ? "memory" : "compute",
                        node.get("bound").asText());
                assertEquals(
                        1e3 * pass.expectedSeconds(), node.get("expected_ms").asDouble());
                assertTrue(node.get("layouts").get("weights").isTextual());
            }
        }
    }

    @Test
    void theTableTellsSizesLayoutsAndWhoComputesEachPass() {
        ConvSpec spec = layer().build();
        try (ConvPlan plan = ConvPlan.create(spec, Shape.of(2, 4, 6, 7), ONE_THREAD)) {
            PlanDescription description = plan.describe();
            String text = description.toString();
            for (String part : List.of(
                    spec.toString(),
                    "592 parameters, " + ONE_THREAD,
                    "[2, 4, 6, 7] " + plan.sourceLayout(),
                    "[16, 4, 3, 3] " + plan.weightsLayout(),
                    "[2, 16, 6, 7] " + plan.outputLayout(),
                    "[16] CHANNEL")) {
                assertTrue(text.contains(part), () -> part + " is missing in\n" + text);
            }
            for (PassDescription pass : description.passes()) {
                String line = String.format(
                        Locale.ROOT,
                        "%s +%s +%.3f +%.3f +%.1f +%d +%.4f ms, %s ",
                        pass.name(),
                        Pattern.quote(pass.implementation()),
                        1e-6 * pass.flops(),
                        1e-6 * pass.bytes(),
                        pass.flopsPerByte(),
                        pass.workspaceBytes(),
                        1e3 * pass.expectedSeconds(),
                        pass.isMemoryBound() ? "memory" : "compute");
                assertTrue(Pattern.compile(line).matcher(text).find(), () -> line + "is missing in\n" + text);
            }
        }
    }

    @Test
    void aResidualIsOfTheForwardPassAlone() {
        ConvSpec spec = ConvSpec.depthwise(4).kernel(3, 3).build();
        Shape source = Shape.of(2, 4, 6, 7);
        PlanOptions.Builder options = PlanOptions.builder().threads(1).implementation(Implementation.ONEDNN);
        try (ConvPlan plan = ConvPlan.create(spec, source, options.build());
                ConvPlan residual =
                        ConvPlan.create(spec, source, options.residual(true).build())) {
            for (int i = 1; i < 3; i++) {
                assertEquals(
                        plan.describe().passes().get(i).workspaceBytes(),
                        residual.describe().passes().get(i).workspaceBytes());
            }
        }
    }

    @Test
    void aBatchOfNoneHasNothingToDo() {
        try (ConvPlan plan = ConvPlan.create(layer().build(), Shape.of(0, 4, 6, 7), ONE_THREAD)) {
            for (PassDescription pass : plan.describe().passes()) {
                assertEquals(0, pass.flops());
                assertEquals(0, pass.flopsPerByte());
            }
        }
    }

    /** The passes of a transposed layer are those of the convolution that it mirrors, the other way round. */
    @Test
    void aTransposedLayerIsDescribedByItsMirror() throws Exception {
        ConvSpec spec = ConvSpec.builder(8, 5).kernel(4, 4).stride(2).build();
        ConvSpec mirror = ConvSpec.builder(5, 8).kernel(4, 4).stride(2).build();
        PlanOptions kernels = PlanOptions.builder()
                .threads(1)
                .implementation(Implementation.KERNELS)
                .build();
        try (Plan plan = TransposedConvPlan.create(spec, Shape.of(2, 8, 6, 7), kernels);
                Plan mirrored = ConvPlan.create(mirror, Shape.of(2, 5, 14, 16), kernels)) {
            JsonNode actual = new ObjectMapper().readTree(plan.describe().toJson());
            JsonNode expected = new ObjectMapper().readTree(mirrored.describe().toJson());
            assertTrue(actual.get("layer").asText().contains("transposed"));
            int[] passes = {1, 0, 2};
            for (int i = 0; i < passes.length; i++) {
                JsonNode pass = actual.get("passes").get(i);
                JsonNode other = expected.get("passes").get(passes[i]);
                for (String field : List.of("implementation", "flops", "bytes", "workspace_bytes")) {
                    assertEquals(other.get(field), pass.get(field), field);
                }
                assertEquals(
                        other.get("layouts").get("output"), pass.get("layouts").get("source"));
                assertEquals(
                        other.get("layouts").get("source"), pass.get("layouts").get("output"));
            }
        }
    }

    @Test
    void shapesAndReordersAreThoseOfThePlan() throws Exception {
        for (ConvSpec spec : List.of(
                layer().build(),
                ConvSpec.builder(4, 96).kernel(3, 3).groups(4).build(),
                layer().sharing(Sharing.tiled(2)).build())) {
            try (ConvPlan plan = ConvPlan.create(spec, Shape.of(2, 4, 6, 7), ONE_THREAD)) {
                PlanDescription description = plan.describe();
                String text = description.toString();
                JsonNode json = new ObjectMapper().readTree(description.toJson());
                assertEquals(plan.sourceShape().toString(), shape(json, "source"));
                assertEquals(plan.weightsShape().toString(), shape(json, "weights"));
                assertEquals(plan.outputShape().toString(), shape(json, "output"));
                for (int i = 0; i < 3; i++) {
                    PassDescription pass = description.passes().get(i);
                    JsonNode layouts = json.get("passes").get(i).get("layouts");
                    List<String> reorders = new ArrayList<>();
                    Map<String, Layout> own = new LinkedHashMap<>();
                    own.put("source", plan.sourceLayout());
                    own.put("weights", plan.weightsLayout());
                    own.put("output", plan.outputLayout());
                    own.forEach((operand, layout) -> {
                        String computed = layouts.get(operand).asText();
                        if (!computed.equals(layout.toString())) {
                            reorders.add(operand + " (" + layout + " in the plan, " + computed + " in this pass)");
                        }
                    });
                    assertEquals(reorders, pass.reorders());
                    pass.reorders().forEach(reorder -> assertTrue(text.contains("reorders " + reorder), text));
                    assertTrue(text.contains(String.format(Locale.ROOT, " %.3f ", 1e-6 * pass.flops())), text);
                    assertThrows(
                            UnsupportedOperationException.class,
                            () -> pass.reorders().add(""));
                }
                assertThrows(
                        UnsupportedOperationException.class,
                        () -> description.passes().remove(0));
            }
        }
    }

    private static String shape(JsonNode json, String operand) {
        return json.get(operand).get("shape").toString().replace(",", ", ");
    }

    @Test
    void localLayersAreBoundByMemoryAndWideOnesByComputing() {
        ConvSpec local =
                ConvSpec.builder(16, 16).kernel(5, 5).sharing(Sharing.local()).build();
        ConvSpec wide = ConvSpec.builder(64, 64).kernel(3, 3).build();
        try (ConvPlan a = ConvPlan.create(local, Shape.of(1, 16, 40, 40), ONE_THREAD);
                ConvPlan b = ConvPlan.create(wide, Shape.of(1, 64, 56, 56), ONE_THREAD)) {
            assertTrue(a.describe().passes().get(0).isMemoryBound());
            assertFalse(b.describe().passes().get(0).isMemoryBound());
            for (Plan plan : List.of(a, b)) {
                assertTakesAsLongAsTheLongerOfComputingAndMoving(plan);
            }
        }
    }

    private static void assertTakesAsLongAsTheLongerOfComputingAndMoving(Plan plan) {
        PlanEngine engine = PlanEngine.create(plan.geometry(), ONE_THREAD);
        try {
            for (PassDescription pass : plan.describe().passes()) {
                long[] limits = engine.limits((long) pass.bytes()); // measured once
                assertEquals(Math.max(pass.flops() / limits[0], pass.bytes() / limits[1]), pass.expectedSeconds());
            }
        } finally {
            engine.close();
        }
    }

    @Test
    void weightsOfBf16AreHalfAsManyBytes() {
        ConvSpec spec = layer().sharing(Sharing.local()).bias(BiasMode.NONE).build();
        PlanOptions options =
                PlanOptions.builder().threads(1).weightsType(DataType.BF16).build();
        try (ConvPlan plan = ConvPlan.create(spec, Shape.of(2, 4, 6, 7), options)) {
            double touched = (3 * 6 - 2) * (3 * 7 - 2) * 4 * 16; // weights that meet the source
            assertEquals(
                    4 * (2 * 4 * 42 + 2 * 16 * 42) + 2 * touched,
                    plan.describe().passes().get(0).bytes());
        }
    }

    @Test
    void textIsQuotedAsJsonWantsIt() throws Exception {
        String text = "a \"quoted\" \\ line\n\t\u0001é";
        assertEquals(text, new ObjectMapper().readTree(Json.quote(text)).asText());
        assertTrue(new ObjectMapper()
                .readTree(new Json().put("x", Double.NaN).toString())
                .get("x")
                .isNull());
    }
}
