package io.conv4j.internal.binding;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.conv4j.NewJvm;
import io.conv4j.memory.Tensor;
import io.conv4j.plan.ConvPlan;
import io.conv4j.plan.PlanOptions;
import io.conv4j.spec.ConvSpec;
import io.conv4j.spec.Shape;
import java.io.File;
import java.io.IOException;
import java.lang.ref.Reference;
import java.lang.ref.WeakReference;
import java.lang.reflect.Method;
import java.net.MalformedURLException;
import java.net.URISyntaxException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.bytedeco.javacpp.Loader;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A JVM loads a library once, so each test starts one of its own and reads every line that it prints. */
class NativeLoaderTest {
    private static final String CACHE = "org.bytedeco.javacpp.cachedir";
    private static final String PLATFORM = "org.bytedeco.javacpp.platform";
    private static final String CLASS_PATH = System.getProperty("java.class.path");

    @TempDir
    Path directory;

    @Test
    void loadsWithoutAWordOfItsOwn() throws Exception {
        assertEquals(List.of("loaded"), run(CLASS_PATH, directory, "load"));
    }

    @Test
    void anUnusableCacheIsReportedAndTheCallAfterTheRepairLoads() throws Exception {
        Path file = Files.createFile(directory.resolve(".javacpp-nobody"));
        List<String> output = run(CLASS_PATH, file, "load", "load", directory.toString(), "load");
        assertEquals(3, output.size(), output::toString);
        for (String line : output.subList(0, 2)) {
            assertTrue(line.startsWith("jniconv4j cannot be loaded on " + Loader.getPlatform()), line);
            assertTrue(line.contains("set the system property " + CACHE), line);
            assertTrue(line.contains(" because of java.io."), line);
        }
        assertEquals("loaded", output.get(2));
    }

    @Test
    void aMissingJarIsReportedByEveryCall() throws Exception {
        List<String> output = run(withoutNativeJars(), directory, "load", "load");
        assertEquals(2, output.size(), output::toString);
        for (String line : output) {
            assertTrue(line.startsWith("jniconv4j cannot be loaded on " + Loader.getPlatform()), line);
            assertTrue(line.contains("io.conv4j:conv4j-platform"), line);
            assertTrue(line.contains("--add-modules"), line);
        }
    }

    @Test
    void theFirstCallMayHaveLittleOfTheStackLeft() throws Exception {
        assertEquals(List.of("loaded"), run(CLASS_PATH, directory, "shallow"));
    }

    @Test
    void theFirstCallMayBeInAJvmOfSmallStacks() throws Exception {
        assertEquals(List.of("loaded"), run(List.of("-Xss300k"), CLASS_PATH, directory, "load"));
    }

    @Test
    void theFirstCallMayBeInterrupted() throws Exception {
        assertEquals(List.of("loaded", "interrupted true"), run(CLASS_PATH, directory, "interrupted"));
    }

    @Test
    void aPlatformWithoutJarsIsNamed() throws Exception {
        List<String> output = run(CLASS_PATH, directory, "linux-riscv64", "load");
        assertEquals(1, output.size(), output::toString);
        assertTrue(output.get(0).startsWith("jniconv4j cannot be loaded on linux-riscv64: libgomp.so.1 not found"));
        assertTrue(output.get(0).contains("there are jars for linux-x86_64 alone"), output.get(0));
    }

    @Test
    void librariesMayLieInADirectoryInsteadOfInJars() throws Exception {
        assertEquals(List.of("loaded"), run(CLASS_PATH, directory, "load"));
        Path unpacked = Files.createDirectory(directory.resolve("unpacked"));
        Files.copy(library(), unpacked.resolve("libjniconv4j.so"));
        for (String name : List.of("libgomp.so.1", "libdnnl.so.3")) {
            try (Stream<Path> files = Files.walk(directory)) {
                Path file =
                        files.filter(each -> each.endsWith(name)).findFirst().orElseThrow();
                Files.copy(file, unpacked.resolve(name));
            }
        }
        Path unusable = Files.createFile(directory.resolve(".javacpp-nobody"));
        assertEquals(List.of("loaded"), run(withoutNativeJars(), unusable, "in " + unpacked, "load"));
        for (String name : List.of("libjniconv4j.so", "libdnnl.so.3")) {
            Files.write(unpacked.resolve(name), new byte[100]);
            List<String> output = run(withoutNativeJars(), unusable, "in " + unpacked, "load");
            String last = output.get(output.size() - 1); // after warnings of the JVM
            assertTrue(last.contains(": " + name + " does not load: "), output::toString);
            assertTrue(last.contains("it needs glibc 2.34"), output::toString);
        }
    }

    @Test
    void aViewMayBeTheFirstTensor() throws Exception {
        assertEquals(List.of("viewed"), run(CLASS_PATH, directory, "view"));
    }

    private static Path library() throws URISyntaxException {
        return Path.of(NativeLibrary.class
                .getResource(Loader.getPlatform() + "/libjniconv4j.so")
                .toURI());
    }

    private static String withoutNativeJars() {
        return Arrays.stream(CLASS_PATH.split(File.pathSeparator))
                .filter(entry -> !entry.endsWith(Loader.getPlatform() + ".jar"))
                .collect(Collectors.joining(File.pathSeparator));
    }

    @Test
    void everyClassLoaderLoads() throws Exception {
        assertEquals(
                List.of("loaded", "loaded", "loaded", "1 OpenMP runtime"),
                run(CLASS_PATH, directory, "other", "load", "other", "runtimes"));
        try (Stream<Path> files = Files.list(library().getParent())) {
            assertEquals(
                    1,
                    files.filter(file -> file.toString().endsWith("jniconv4j.so"))
                            .count(),
                    "copies stay behind");
        }
    }

    @Test
    void aClassLoaderThatIsLetGoOfIsUnloaded() throws Exception {
        assertEquals(List.of("computed", "computed", "unloaded"), run(CLASS_PATH, directory, "unloaded"));
    }

    /** As of {@code File.toURL()}. */
    @Test
    void aClassPathMayHoldWhatAUriMustNot() throws Exception {
        Path classes = Path.of(NativeLibrary.class
                .getProtectionDomain()
                .getCodeSource()
                .getLocation()
                .toURI());
        Path link = Files.createSymbolicLink(directory.resolve("with a blank [1]"), classes);
        try {
            assertEquals(List.of("loaded"), run(link + File.pathSeparator + CLASS_PATH, directory, "other"));
        } finally {
            Files.delete(link);
        }
    }

    /** Runs the steps in a new JVM that would put its cache there, at home, or in .javacpp-USER of the temporary files. */
    private List<String> run(String classPath, Path cache, String... steps) throws Exception {
        return run(List.of(), classPath, cache, steps);
    }

    private List<String> run(List<String> options, String classPath, Path cache, String... steps) throws Exception {
        List<String> arguments = new ArrayList<>(options);
        arguments.addAll(List.of(
                "-D" + CACHE + "=" + cache,
                "-Duser.home=" + cache,
                "-Djava.io.tmpdir=" + directory,
                "-Duser.name=nobody",
                "-cp",
                classPath,
                Steps.class.getName()));
        arguments.addAll(List.of(steps));
        return NewJvm.run(Map.of(), arguments).lines().toList();
    }

    /** Each step is "load", or another word for how to or for what then, a platform, or a directory: one "in" which to look, or the cache. */
    static final class Steps {
        public static void main(String[] steps) throws Exception {
            for (String step : steps) {
                switch (step) {
                    case "load" -> load();
                    case "view" -> {
                        ByteBuffer buffer = ByteBuffer.allocateDirect(4).order(ByteOrder.nativeOrder());
                        Tensor.view(buffer, Shape.of(1)).close();
                        System.out.println("viewed");
                    }
                    case "shallow" -> {
                        Thread thread = new Thread(null, Steps::load, "", 180 << 10);
                        thread.start();
                        thread.join();
                    }
                    case "interrupted" -> {
                        Thread.currentThread().interrupt();
                        load();
                        System.out.println("interrupted " + Thread.interrupted());
                    }
                    case "other" -> elsewhere("load");
                    case "runtimes" -> System.out.println(openMpRuntimes() + " OpenMP runtime");
                    case "unloaded" -> {
                        System.setProperty("org.bytedeco.javacpp.nopointergc", "true");
                        Reference<ClassLoader> loader = elsewhere("compute");
                        for (int i = 0; i < 100 && loader.get() != null; i++) {
                            System.gc();
                            Thread.sleep(100);
                        }
                        System.out.println(loader.get() == null ? "unloaded" : "kept");
                    }
                    case "compute" -> {
                        compute();
                        Thread other = new Thread(Steps::compute); // for which the library's own thread computes
                        other.start();
                        other.join();
                    }
                    default -> {
                        if (step.startsWith("in ")) {
                            System.setProperty("org.bytedeco.javacpp.pathsFirst", "true");
                            System.setProperty("java.library.path", step.substring("in ".length()));
                        } else {
                            System.setProperty(step.startsWith("linux-") ? PLATFORM : CACHE, step);
                        }
                    }
                }
            }
        }

        /** Has another class loader's class take a step, and lets go of it. */
        private static Reference<ClassLoader> elsewhere(String step) throws Exception {
            try (URLClassLoader other = new URLClassLoader(classPath(), ClassLoader.getPlatformClassLoader())) {
                Method main = other.loadClass(Steps.class.getName()).getDeclaredMethod("main", String[].class);
                main.setAccessible(true);
                main.invoke(null, (Object) new String[] {step});
                return new WeakReference<>(other);
            }
        }

        private static void compute() {
            ConvSpec spec = ConvSpec.builder(8, 8).kernel(3, 3).build();
            PlanOptions options = PlanOptions.builder().threads(2).build();
            try (ConvPlan plan = ConvPlan.create(spec, Shape.of(1, 8, 8, 8), options);
                    Tensor source = Tensor.zeros(plan.sourceShape());
                    Tensor weights = Tensor.zeros(plan.weightsShape())) {
                plan.forward(source, weights).close();
                System.out.println("computed");
            }
        }

        private static long openMpRuntimes() throws IOException {
            try (Stream<String> maps = Files.lines(Path.of("/proc/self/maps"))) {
                return maps.filter(line -> line.contains("libgomp"))
                        .map(line -> line.substring(line.indexOf('/')))
                        .distinct()
                        .count();
            }
        }

        private static void load() {
            try {
                NativeLoader.ensureLoaded();
                NativeLibrary.c4j_memory_live_bytes();
                System.out.println("loaded");
            } catch (UnsatisfiedLinkError e) {
                System.out.println(e.getMessage() + " because of " + e.getCause());
            }
        }

        private static URL[] classPath() throws MalformedURLException {
            List<URL> urls = new ArrayList<>();
            for (String entry : CLASS_PATH.split(File.pathSeparator)) {
                urls.add(new URL("file:" + entry + (Files.isDirectory(Path.of(entry)) ? "/" : "")));
            }
            return urls.toArray(new URL[0]);
        }
    }
}
