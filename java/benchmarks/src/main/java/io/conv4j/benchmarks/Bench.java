package io.conv4j.benchmarks;

import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.ServiceLoader;
import java.util.concurrent.Callable;
import java.util.regex.Pattern;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** Measures what a Java caller gets: the overhead of a call, and ratios against raw oneDNN and other libraries. */
@Command(
        name = "ci/bench --java",
        description =
                "Measures the overhead of a call, and this library's default plans against oneDNN called from C++ and,"
                        + " with --peers, PyTorch called from Java; both sides take turns in one JVM.")
public final class Bench implements Callable<Integer> {
    private static final int MOST_THREADS = 1024;
    private static final Turns LONG = new Turns(11, 101, 0.6);
    private static final Turns QUICK = new Turns(5, 25, 0.1);

    @Spec
    private CommandSpec command;

    @Option(names = "--peers", description = "Also compare with PyTorch; brings 110 MB of libraries.")
    private boolean peers;

    @Option(names = "--json", paramLabel = "FILE", description = "Write one JSON object a line.")
    private Path json;

    @Option(
            names = "--png",
            paramLabel = "FILE",
            defaultValue = "${sys:conv4j.chart:-ratios.png}",
            description = "The bar chart. Default: ${DEFAULT-VALUE}")
    private Path png;

    @Option(names = "--quick", description = "Fewer turns, and batches 1 and 32 of the layers that have four.")
    private boolean quick;

    @Option(
            names = "--filter",
            paramLabel = "REGEX",
            defaultValue = "",
            description = "Only layers in whose op/shape/nBATCH it finds a match; no overhead then.")
    private Pattern filter;

    @Option(names = "--threads", paramLabel = "N", description = "Threads of every side. Default: one per processor.")
    private int threads = Runtime.getRuntime().availableProcessors();

    @Option(
            names = "--cpu-time",
            description =
                    "One thread is timed by its processor's clock, but for the overhead of a call, which JMH times:"
                            + " for machines that others use too.")
    private boolean cpuTime;

    @Option(names = "--help", usageHelp = true, description = "Show this text.")
    private boolean help;

    private Bench() {}

    /**
     * The command.
     *
     * @param arguments see {@code --help}
     */
    public static void main(String... arguments) {
        System.exit(new CommandLine(new Bench()).execute(arguments));
    }

    @Override
    public Integer call() throws Exception {
        PrintWriter out = command.commandLine().getOut();
        check(
                threads >= 1 && threads <= MOST_THREADS,
                "--threads: expected 1 to " + MOST_THREADS + " but got " + threads);
        check(!cpuTime || threads == 1, "--cpu-time needs --threads 1");
        checkFolder("--json", json);
        checkFolder("--png", png);
        if (cpuTime) {
            Clock.useThreadTime();
        }
        List<Pairing> pairings = pairings(peers());
        check(
                !pairings.isEmpty(),
                "--filter: no layer matches " + filter + (peers ? "" : "; local and tiled ones take --peers"));
        out.println(Processors.summary(threads));
        for (Path runtime : Processors.openMpRuntimes()) {
            out.println("OpenMP runtime: " + runtime);
        }
        out.println();
        if (filter.pattern().isEmpty()) {
            CallOverhead.print(out, quick, threads);
        }
        Ours.warmUp();
        Comparison comparison = new Comparison(threads, quick ? QUICK : LONG);
        try (Report report = new Report(out, json)) {
            for (Pairing pairing : pairings) {
                comparison.compare(pairing.peer(), pairing.layer(), pairing.batch(), report::add);
            }
            report.printMeans();
            report.draw(png);
            out.println("Chart: " + png);
        }
        return 0;
    }

    private record Pairing(Peer peer, Layer layer, long batch) {}

    private List<Pairing> pairings(List<Peer> all) {
        List<Pairing> pairings = new ArrayList<>();
        for (Layer layer : Layer.all()) {
            for (long batch : batches(layer)) {
                for (Peer peer : all) {
                    if (peer.takes(layer) && matches(layer, batch)) {
                        pairings.add(new Pairing(peer, layer, batch));
                    }
                }
            }
        }
        return pairings;
    }

    private void check(boolean holds, String otherwise) {
        if (!holds) {
            throw new ParameterException(command.commandLine(), otherwise);
        }
    }

    /** Before minutes of measuring, not after. */
    private void checkFolder(String option, Path file) {
        if (file != null) {
            Path folder = file.toAbsolutePath().getParent();
            check(
                    folder != null && Files.isWritable(folder) && !Files.isDirectory(file),
                    option + ": expected a file in a folder that can be written to but got " + file);
        }
    }

    private List<Peer> peers() {
        List<Peer> all = new ArrayList<>();
        all.add(new OneDnn());
        if (peers) {
            ServiceLoader.load(Peer.class).forEach(all::add);
            check(all.size() > 1, "--peers needs the Maven profile peers");
        }
        return all;
    }

    private List<Long> batches(Layer layer) {
        List<Long> all = layer.batches();
        return quick && all.size() > 2
                ? all.stream().filter(n -> n == 1 || n == 32).toList()
                : all;
    }

    private boolean matches(Layer layer, long batch) {
        return filter.matcher(layer.op() + "/" + layer.name() + "/n" + batch).find();
    }
}
