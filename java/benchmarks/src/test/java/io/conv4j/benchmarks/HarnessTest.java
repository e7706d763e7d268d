package io.conv4j.benchmarks;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.conv4j.memory.DataType;
import io.conv4j.memory.Tensor;
import io.conv4j.plan.Plan;
import io.conv4j.plan.PlanOptions;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.ServiceLoader;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The harness counts right; that its figures are right nobody can test. */
class HarnessTest {
    private static final Peer ONEDNN = new OneDnn();

    /** A layer of more takes long to look at. */
    private static final long MANY_WEIGHTS = 8_000_000;

    @Test
    void quantilesAreInterpolated() {
        double[] values = {4, 1, 3, 2};
        assertEquals(2.5, Statistics.median(values));
        assertEquals(1.75, Statistics.quantile(values, 0.25));
        assertEquals(3.25, Statistics.quantile(values, 0.75));
        assertEquals(7, Statistics.median(new double[] {7}));
    }

    @Test
    void theNoiseOfASideComparesItsEvenTurnsWithItsOddOnes() {
        assertEquals(1, Statistics.selfRatio(new double[] {3, 3, 3}));
        assertEquals(2, Statistics.selfRatio(new double[] {1, 2, 1, 2, 1}));
        assertEquals(2, Statistics.selfRatio(new double[] {2, 1, 2, 1}));
        assertEquals(3, Statistics.selfRatio(new double[] {1, 1, 3, 1, 3}));
    }

    @Test
    void geometricMeansAreOfRatios() {
        assertEquals(1, Statistics.geometricMean(0.5, 2), 1e-15);
        assertEquals(2, Statistics.geometricMean(1, 2, 4), 1e-15);
    }

    @Test
    void sidesTakeTurns() {
        List<String> turns = new ArrayList<>();
        double[][] seconds = new Turns(3, 3, 0).take(timed("a", 0.002, turns), timed("b", 0.004, turns));
        assertEquals(3, seconds[0].length);
        assertEquals(0.002, Statistics.median(seconds[0]));
        assertEquals(0.004, Statistics.median(seconds[1]));
        // Warmed up each, then in turns, the first call of each not timed.
        assertEquals(List.of("a", "a", "b", "b", "a", "a", "b", "b", "a", "a", "b", "b", "a", "a", "b", "b"), turns);
    }

    @Test
    void shortCallsAreTimedManyAtATime() {
        List<String> turns = new ArrayList<>();
        double[][] seconds = new Turns(3, 3, 0).take(timed("a", 0x1p-12, turns), timed("b", 0x1p-11, turns));
        assertEquals(0x1p-12, Statistics.median(seconds[0]));
        assertEquals(0x1p-11, Statistics.median(seconds[1]));
    }

    @Test
    void roundsGoOnWhileTheTimeLastsAndASideAloneStaysWarm() {
        List<String> turns = new ArrayList<>();
        assertEquals(2, new Turns(2, 5, 0).take(timed("a", 0.002, turns))[0].length);
        assertEquals(List.of("a", "a", "a", "a"), turns);
        assertEquals(5, new Turns(2, 5, 60).take(timed("a", 0.002, turns))[0].length);
    }

    private static Side timed(String name, double seconds, List<String> turns) {
        return new Side() {
            @Override
            public double seconds(int calls) {
                turns.add(name);
                return calls * seconds;
            }

            @Override
            public void close() {}
        };
    }

    @Test
    void layersHaveNamesOfTheirOwnAndKnowTheSizeOfTheirOutput() {
        Set<String> names = new HashSet<>();
        for (Layer layer : Layer.all()) {
            assertTrue(names.add(layer.name()), layer.name());
            try (Plan plan = layer.plan(1, PlanOptions.builder().threads(1).build())) {
                assertEquals(layer.output(), plan.outputShape().size(3), layer.name());
            }
        }
    }

    @Test
    void rowsAreLinesOfJsonWithEveryField(@TempDir Path folder) throws Exception {
        Path json = folder.resolve("rows.json");
        Path png = folder.resolve("ratios.png");
        StringWriter table = new StringWriter();
        Layer layer = Layer.all().get(0);
        try (Report report = new Report(new PrintWriter(table), json)) {
            double[] ours = {0.001, 0.003, 0.001, 0.003};
            double[] theirs = {0.001, 0.001, 0.001, 0.001};
            report.add(Row.of(ONEDNN, "any", layer, Pass.BACKWARD_DATA, 8, DataType.F32, 2, ours, theirs));
            report.printMeans();
            report.draw(png);
        }
        List<String> lines = Files.readAllLines(json);
        assertEquals(1, lines.size());
        JsonNode row = new ObjectMapper().readTree(lines.get(0));
        assertEquals("boundary", row.get("question").asText());
        assertEquals("standard", row.get("op").asText());
        assertEquals(layer.name(), row.get("shape").asText());
        assertEquals("backward_data", row.get("pass").asText());
        assertEquals(8, row.get("batch").asLong());
        assertEquals("f32", row.get("dtype").asText());
        assertEquals(2, row.get("ours_ms").asDouble(), 1e-12);
        assertEquals("onednn", row.get("theirs").asText());
        assertEquals("any", row.get("how").asText());
        assertEquals(1, row.get("theirs_ms").asDouble(), 1e-12);
        assertEquals(2, row.get("ratio").asDouble(), 1e-12);
        assertEquals(3, row.get("noise").asDouble(), 1e-12);
        assertEquals(1, row.get("ours_quartiles_ms").get(0).asDouble(), 1e-12);
        assertEquals(3, row.get("ours_quartiles_ms").get(1).asDouble(), 1e-12);
        assertEquals(1, row.get("theirs_quartiles_ms").get(1).asDouble(), 1e-12);
        assertEquals(2, row.get("threads").asInt());
        assertTrue(
                table.toString()
                        .replaceAll(" +", " ")
                        .contains(
                                "backward_data 8 f32 2.0000 1.0000 - 3.0000 onednn 1.0000 1.0000 - 1.0000 2.000 3.000 any"),
                table.toString());
        assertTrue(
                table.toString().contains("geometric mean of   1 ratios 2.000 (theirs over ours 0.50)"),
                table.toString());
        assertEquals((byte) 'P', Files.readAllBytes(png)[1]);
    }

    @Test
    void aRowIsAsNoisyAsTheNoisierSide() {
        double[] calm = {1, 1};
        double[] noisy = {1, 3};
        Layer layer = Layer.all().get(0);
        for (double[] ours : List.of(calm, noisy)) {
            double[] theirs = ours == calm ? noisy : calm;
            assertEquals(
                    3,
                    Row.of(ONEDNN, "", layer, Pass.FORWARD, 1, DataType.F32, 1, ours, theirs)
                            .noise());
        }
    }

    @Test
    void meansAreOfOneKindOfRowsAndNameTheWorst() throws Exception {
        StringWriter table = new StringWriter();
        try (Report report = new Report(new PrintWriter(table), null)) {
            report.add(row("local", "a", 1, 2));
            report.add(row("local", "b", 8, 8));
            report.add(row("local", "c", 32, 2));
            report.add(row("tiled", "d", 1, 2));
            report.add(row("tiled", Layer.OF_MICROSECONDS, 1, 1e9));
            table.getBuffer().setLength(0);
            report.printMeans();
        }
        List<String> means =
                table.toString().lines().map(line -> line.replaceAll(" +", " ")).toList();
        String format = "they, f32, %s geometric mean of %d ratios %s (theirs over ours %s), worst %s";
        assertEquals(
                List.of(
                        "",
                        String.format(format, "all", 4, "2.828", "0.35", "8.000 (b forward n8)"),
                        String.format(format, "local", 3, "3.175", "0.31", "8.000 (b forward n8)"),
                        String.format(format, "local forward", 3, "3.175", "0.31", "8.000 (b forward n8)"),
                        String.format(format, "local forward, batch 1", 1, "2.000", "0.50", "2.000 (a forward n1)"),
                        String.format(
                                format, "local forward, batch 8 and more", 2, "4.000", "0.25", "8.000 (b forward n8)"),
                        String.format(format, "tiled", 1, "2.000", "0.50", "2.000 (d forward n1)"),
                        String.format(format, "tiled forward", 1, "2.000", "0.50", "2.000 (d forward n1)")),
                means);
    }

    private static Row row(String op, String shape, long batch, double ratio) {
        double[] none = {0, 0};
        return new Row("peer", op, shape, "forward", batch, "f32", ratio, "they", "", 1, ratio, 1, none, none, 1);
    }

    @Test
    void everyWayComputesTheLayersPasses() {
        List<Peer> peers = new ArrayList<>(List.of(ONEDNN));
        if (Boolean.getBoolean("conv4j.peers")) {
            ServiceLoader.load(Peer.class).forEach(peers::add);
        }
        for (Peer peer : peers) {
            for (Layer layer : Layer.all()) {
                if (peer.takes(layer) && layer.input() <= 56) {
                    checkWays(peer, layer);
                }
            }
        }
    }

    private static void checkWays(Peer peer, Layer layer) {
        try (Plan plan = layer.plan(2, PlanOptions.builder().threads(1).build())) {
            if (plan.weightsShape().elements() > MANY_WEIGHTS) {
                return;
            }
            for (Peer.Way way : peer.ways(layer, 2, 1)) {
                for (Pass pass : Pass.values()) {
                    String what = layer.name() + " " + way.how() + " " + pass;
                    try (Peer.PeerSide side = way.maker().side(pass)) {
                        if (side != null) {
                            assertTrue(side.seconds(1) > 0, what);
                            assertComputes(plan, pass, side, terms(layer, pass, 2), what);
                        }
                    }
                }
            }
        }
    }

    /** Of a result, at most. */
    private static double terms(Layer layer, Pass pass, long batch) {
        long taps = layer.kernel() * layer.kernel();
        long positions = Math.max(layer.input(), layer.output());
        return switch (pass) {
            case FORWARD -> layer.inChannels() / layer.groups() * taps;
            case BACKWARD_DATA -> layer.outChannels() / layer.groups() * taps;
            case BACKWARD_WEIGHTS -> batch * positions * positions;
        };
    }

    /** The side's result is what the plan makes of the side's operands, as closely as the rounding of two sums lets it. */
    private static void assertComputes(Plan plan, Pass pass, Peer.PeerSide side, double terms, String what) {
        float[] source = side.numbers(Operand.SOURCE);
        float[] weights = side.numbers(Operand.WEIGHTS);
        float[] output = side.numbers(Operand.OUTPUT);
        float[] actual = side.numbers(Operand.resultOf(pass));
        float[] expected = result(plan, pass, source, weights, output);
        float[] magnitudes = result(plan, pass, absolute(source), absolute(weights), absolute(output));
        assertEquals(expected.length, actual.length, what);
        double roundings = 2 * 0x1p-23 * Math.min(terms + 2, 8 + 4 * Math.sqrt(terms));
        for (int i = 0; i < expected.length; i++) {
            if (!(Math.abs(expected[i] - actual[i]) <= roundings * magnitudes[i])) {
                fail(what + " at " + i + ": expected " + expected[i] + " but got " + actual[i]);
            }
        }
    }

    private static float[] result(Plan plan, Pass pass, float[] source, float[] weights, float[] output) {
        try (Tensor x = Tensor.of(source, plan.sourceShape());
                Tensor w = Tensor.of(weights, plan.weightsShape());
                Tensor y = Tensor.of(output, plan.outputShape());
                Tensor result = switch (pass) {
                    case FORWARD -> plan.forward(x, w);
                    case BACKWARD_DATA -> plan.backwardData(y, w);
                    case BACKWARD_WEIGHTS -> plan.backwardWeights(x, y);
                }) {
            return result.toFloatArray();
        }
    }

    private static float[] absolute(float[] values) {
        float[] absolute = values.clone();
        for (int i = 0; i < absolute.length; i++) {
            absolute[i] = Math.abs(absolute[i]);
        }
        return absolute;
    }

    @Test
    void theOneOpenMpRuntimeThatIsLoadedIsFound() {
        assertEquals(
                1,
                Processors.openMpRuntimes().size(),
                Processors.openMpRuntimes().toString());
    }
}
