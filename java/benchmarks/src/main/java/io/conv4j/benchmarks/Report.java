package io.conv4j.benchmarks;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.Writer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;
import javax.imageio.ImageIO;
import org.knowm.xchart.BitmapEncoder;
import org.knowm.xchart.CategoryChart;
import org.knowm.xchart.CategoryChartBuilder;
import org.knowm.xchart.style.Styler;

/** The rows as a table, their means, lines of JSON and a chart. */
final class Report implements AutoCloseable {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final String LINE = "%-10s %-18s %-16s %4s %-5s %9s %19s  %-8s %9s %19s %6s %6s  %s%n";

    private final PrintWriter out;
    private final Writer json;
    private final List<Row> rows = new ArrayList<>();

    /** Without JSON where its path is null. */
    Report(PrintWriter out, Path json) throws IOException {
        this.out = out;
        this.json = json == null ? Writer.nullWriter() : Files.newBufferedWriter(json);
        out.println(
                "Medians and quartiles of the time of a call in ms; ratio: ours over theirs; noise: a side over itself");
        out.printf(
                LINE,
                "op",
                "shape",
                "pass",
                "n",
                "type",
                "ours",
                "quartiles",
                "theirs",
                "ms",
                "quartiles",
                "ratio",
                "noise",
                "how");
        out.flush();
    }

    void add(Row row) {
        rows.add(row);
        out.printf(
                Locale.ROOT,
                LINE,
                row.op(),
                row.shape(),
                row.pass(),
                row.batch(),
                row.dtype(),
                ms(row.oursMs()),
                ms(row.oursQuartilesMs()[0]) + " -" + ms(row.oursQuartilesMs()[1]),
                row.theirs(),
                ms(row.theirsMs()),
                ms(row.theirsQuartilesMs()[0]) + " -" + ms(row.theirsQuartilesMs()[1]),
                ratio(row.ratio()),
                ratio(row.noise()),
                row.how());
        out.flush();
        try {
            json.write(line(row) + "\n");
            json.flush();
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }

    static String line(Row row) throws IOException {
        return JSON.writeValueAsString(row);
    }

    private static String ms(double ms) {
        return String.format(Locale.ROOT, "%9.4f", ms);
    }

    private static String ratio(double ratio) {
        return String.format(Locale.ROOT, "%.3f", ratio);
    }

    /** Geometric means of ratios by peer, type, operation and pass, and the row that stands worst. */
    void printMeans() {
        out.println();
        for (Map.Entry<String, List<Row>> group : groups().entrySet()) {
            List<Row> members = group.getValue();
            double mean = Statistics.geometricMean(
                    members.stream().mapToDouble(Row::ratio).toArray());
            Row worst =
                    members.stream().max(Comparator.comparingDouble(Row::ratio)).orElseThrow();
            out.printf(
                    Locale.ROOT,
                    "%-58s geometric mean of %3d ratios %.3f (theirs over ours %.2f), worst %.3f (%s %s n%d)%n",
                    group.getKey(),
                    members.size(),
                    mean,
                    1 / mean,
                    worst.ratio(),
                    worst.shape(),
                    worst.pass(),
                    worst.batch());
        }
        out.flush();
    }

    private Map<String, List<Row>> groups() {
        Map<String, List<Row>> groups = new LinkedHashMap<>();
        for (Row row : rows) {
            if (row.shape().equals(Layer.OF_MICROSECONDS)) {
                continue;
            }
            String type = row.theirs() + ", " + row.dtype() + ", ";
            String pass = type + row.op() + " " + row.pass();
            String batch = row.op().equals("local") ? (row.batch() == 1 ? ", batch 1" : ", batch 8 and more") : "";
            for (String key : new LinkedHashSet<>(List.of(type + "all", type + row.op(), pass, pass + batch))) {
                groups.computeIfAbsent(key, unused -> new ArrayList<>()).add(row);
            }
        }
        return groups.entrySet().stream()
                .sorted(Map.Entry.comparingByKey())
                .collect(Collectors.toMap(Map.Entry::getKey, Map.Entry::getValue, (a, b) -> a, LinkedHashMap::new));
    }

    /** One bar per row; above 1, theirs is faster. */
    void draw(Path png) throws IOException {
        List<String> names = rows.stream().map(Report::name).distinct().toList();
        CategoryChart chart = new CategoryChartBuilder()
                .width(Math.max(1200, 40 * names.size()))
                .height(800)
                .title("Time of Conv4j over time of others")
                .yAxisTitle("ratio; below 1, Conv4j is faster")
                .build();
        chart.getStyler().setXAxisLabelRotation(60);
        chart.getStyler().setLegendPosition(Styler.LegendPosition.OutsideS);
        chart.getStyler().setLegendLayout(Styler.LegendLayout.Horizontal);
        chart.getStyler().setYAxisMin(0.0);
        Map<String, Map<String, Double>> series = new LinkedHashMap<>();
        for (Row row : rows) {
            series.computeIfAbsent(row.theirs() + " " + row.pass() + " " + row.dtype(), unused -> new LinkedHashMap<>())
                    .put(name(row), row.ratio());
        }
        series.forEach((name, ratios) ->
                chart.addSeries(name, names, names.stream().map(ratios::get).toList()));
        ImageIO.write(BitmapEncoder.getBufferedImage(chart), "png", png.toFile());
    }

    private static String name(Row row) {
        return row.shape() + " n" + row.batch();
    }

    @Override
    public void close() throws IOException {
        json.close();
    }
}
