package io.conv4j.benchmarks;

import io.conv4j.memory.DataType;
import java.io.PrintWriter;
import java.util.Collection;
import java.util.Locale;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.profile.GCProfiler;
import org.openjdk.jmh.results.RunResult;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.RunnerException;
import org.openjdk.jmh.runner.options.OptionsBuilder;
import org.openjdk.jmh.runner.options.TimeValue;
import org.openjdk.jmh.runner.options.VerboseMode;

/**
 * A layer so small that the call is nearly all there is, called from Java and by a loop of C++ around the same primitive of
 * oneDNN: the difference is what a call costs beyond its native work. The thread that calls holds the lease of threads.
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
public class CallOverhead {
    private static final int CALLS = 1000;
    private static final String THREADS = "threads";

    /** Threads of the plan. */
    @Param("1")
    public int threads;

    private Ours ours;
    private Side fromJava;
    private Side fromCpp;

    /** JMH makes them. */
    public CallOverhead() {}

    /** Makes both sides ready. */
    @Setup
    public void open() {
        ours = new Ours(Layer.SMALLEST, 1, threads, DataType.F32);
        fromJava = ours.side(Pass.FORWARD);
        fromCpp = new OneDnn().ways(Layer.SMALLEST, 1, threads).get(0).maker().side(Pass.FORWARD);
    }

    /** Frees them. */
    @TearDown
    public void close() {
        fromCpp.close();
        fromJava.close();
        ours.close();
    }

    /**
     * A call of a plan.
     *
     * @return seconds
     */
    @Benchmark
    @OperationsPerInvocation(CALLS)
    public double fromJava() {
        return fromJava.seconds(CALLS);
    }

    /**
     * The native work alone.
     *
     * @return seconds
     */
    @Benchmark
    @OperationsPerInvocation(CALLS)
    public double fromCpp() {
        return fromCpp.seconds(CALLS);
    }

    /** Measures in JVMs of their own, and prints a line per number of threads. */
    static void print(PrintWriter out, boolean quick, int threads) throws RunnerException {
        String[] counts = threads == 1 ? new String[] {"1"} : new String[] {"1", Integer.toString(threads)};
        Collection<RunResult> results = new Runner(new OptionsBuilder()
                        .include(CallOverhead.class.getName())
                        .param(THREADS, counts)
                        .forks(quick ? 1 : 3)
                        .warmupIterations(quick ? 3 : 5)
                        .measurementIterations(quick ? 5 : 10)
                        .warmupTime(TimeValue.milliseconds(300))
                        .measurementTime(TimeValue.milliseconds(300))
                        .addProfiler(GCProfiler.class)
                        .shouldFailOnError(true)
                        .verbosity(VerboseMode.SILENT)
                        .build())
                .run();
        for (String count : counts) {
            double java = nanos(results, "fromJava", count);
            double cpp = nanos(results, "fromCpp", count);
            out.printf(
                    Locale.ROOT,
                    "A call of a plan of %s thread(s): %.0f ns, of which %.0f ns native work, %.0f ns beyond it;"
                            + " %.3f bytes of Java allocated%n",
                    count,
                    java,
                    cpp,
                    java - cpp,
                    result(results, "fromJava", count)
                            .getSecondaryResults()
                            .get("gc.alloc.rate.norm")
                            .getScore());
        }
        out.println();
        out.flush();
    }

    private static double nanos(Collection<RunResult> results, String benchmark, String threads) {
        return result(results, benchmark, threads).getPrimaryResult().getScore();
    }

    private static RunResult result(Collection<RunResult> results, String benchmark, String threads) {
        return results.stream()
                .filter(result -> result.getParams().getBenchmark().endsWith("." + benchmark)
                        && result.getParams().getParam(THREADS).equals(threads))
                .findFirst()
                .orElseThrow();
    }
}
