package io.conv4j.benchmarks;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.management.ManagementFactory;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** What this process does to the machine's processors, as Linux tells it. */
final class Processors {
    private static final Path TASKS = Path.of("/proc/self/task");
    private static final Pattern RUNTIME = Pattern.compile("lib(gomp|omp|iomp5)\\b.*\\.so.*");
    private static final long MOST_NANOS = 500_000_000;

    private Processors() {}

    /** What the figures were taken on. */
    static String summary(int threads) {
        double load = ManagementFactory.getOperatingSystemMXBean().getSystemLoadAverage();
        int processors = Runtime.getRuntime().availableProcessors();
        return String.format(
                Locale.ROOT,
                "%s, %d processors, %d threads a side, Java %s; load before the start: %.1f%s",
                model(),
                processors,
                threads,
                Runtime.version(),
                load,
                load > 0.25 * processors ? ": others work here" : "");
    }

    private static String model() {
        try (Stream<String> lines = Files.lines(Path.of("/proc/cpuinfo"))) {
            return lines.filter(line -> line.startsWith("model name"))
                    .map(line -> line.substring(line.indexOf(':') + 2))
                    .findFirst()
                    .orElse("unknown processor");
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** The files of the OpenMP runtimes that are loaded; each has threads of its own. */
    static List<Path> openMpRuntimes() {
        try (Stream<String> maps = Files.lines(Path.of("/proc/self/maps"))) {
            return maps.filter(line -> line.indexOf('/') >= 0)
                    .map(line -> Path.of(line.substring(line.indexOf('/'))))
                    .filter(file ->
                            RUNTIME.matcher(file.getFileName().toString()).matches())
                    .distinct()
                    .toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /**
     * Waits until no other thread of this process runs: threads of an OpenMP runtime spin for a while after their work,
     * on a processor that the other side then lacks.
     */
    static void awaitQuiet() {
        long begin = System.nanoTime();
        while (running() > 1 && System.nanoTime() - begin < MOST_NANOS) {
            Thread.onSpinWait();
        }
    }

    private static int running() {
        int running = 0;
        try (DirectoryStream<Path> tasks = Files.newDirectoryStream(TASKS)) {
            for (Path task : tasks) {
                String stat = Files.readString(task.resolve("stat"));
                // "number (name) state ...", where the name may contain anything.
                if (stat.charAt(stat.lastIndexOf(')') + 2) == 'R') {
                    running++;
                }
            }
        } catch (IOException e) {
            return running; // A thread has ended meanwhile.
        }
        return running;
    }
}
