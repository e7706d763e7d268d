package io.conv4j.internal.binding;

import java.io.File;
import java.io.IOException;
import java.net.MalformedURLException;
import java.net.URISyntaxException;
import java.net.URL;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.FutureTask;
import org.bytedeco.javacpp.ClassProperties;
import org.bytedeco.javacpp.Loader;

/** Loads libjniconv4j and what it links to; a failure is thrown to the caller, and the next call tries again. */
public final class NativeLoader {
    /** Of which there are jars. */
    private static final String PLATFORM = "linux-x86_64";

    private static final String ADD_JARS =
            "put the conv4j and the dnnl jar with this platform's classifier on the class"
                    + " path (io.conv4j:conv4j-platform brings both); on the module path also give"
                    + " --add-modules io.conv4j.linux.x86_64, or require io.conv4j.platform";
    private static final String OTHER_PLATFORM =
            "there are jars for " + PLATFORM + " alone, for others it has to be built from its source";
    private static final String OTHER_URL =
            "put the jars with this platform's classifier where file: or jar: URLs lead to"
                    + " them, or unpack them and name their directory by org.bytedeco.javacpp.pathsFirst and java.library.path";
    private static final String SET_CACHE = "set the system property org.bytedeco.javacpp.cachedir to a directory that"
            + " can be written to and executed from";
    private static final String CHECK_SYSTEM = "it needs glibc 2.34, the libstdc++ of GCC 11 and a cache that is not"
            + " mounted noexec (system property org.bytedeco.javacpp.cachedir)";
    private static final String ENABLE_ACCESS =
            "run java with --enable-native-access=ALL-UNNAMED or, on the module path,"
                    + " --enable-native-access=io.conv4j,org.bytedeco.javacpp";

    /** Loading oneDNN takes half a megabyte of the stack, and where there is none, ends the process. */
    private static final long STACK_BYTES = 4 << 20;

    private static volatile boolean loaded;

    private NativeLoader() {}

    /**
     * Loads the library at the first call.
     *
     * @throws UnsatisfiedLinkError naming the library, the platform and the remedy; the next call tries again
     */
    public static void ensureLoaded() {
        if (!loaded) {
            // On a thread with room for it, and which nobody interrupts: JavaCPP's lock of a file would end.
            FutureTask<Void> task = new FutureTask<>(NativeLoader::loadAll, null);
            Thread thread = new Thread(null, task, "conv4j-loader", STACK_BYTES, false);
            thread.setDaemon(true);
            thread.setContextClassLoader(null);
            thread.start();
            Waiting.uninterruptedly(task);
        }
    }

    // JavaCPP finds and extracts, but Loader.load() stays out of it: it remembers a search that found nothing, and its
    // second call then returns without an error and without a library.
    private static synchronized void loadAll() {
        if (loaded) {
            return;
        }
        ClassProperties properties = Loader.loadProperties(NativeLibrary.class, Loader.loadProperties(), false);
        List<String> dependencies = new ArrayList<>(properties.get("platform.preload"));
        dependencies.addAll(properties.get("platform.link"));
        for (String name : dependencies) {
            load(name, Loader.findLibrary(NativeLibrary.class, properties, name), false);
        }
        for (String name : properties.get("platform.library")) {
            load(name, Loader.findLibrary(NativeLibrary.class, properties, name), true);
        }
        loaded = true;
    }

    private static void load(String name, URL[] found, boolean hasNatives) {
        if (found.length == 0) {
            boolean hasJars = Loader.getPlatform().equals(PLATFORM);
            throw failure(fileName(name) + " not found", hasJars ? ADD_JARS : OTHER_PLATFORM, null);
        }
        try {
            // In a build the library is a plain file already.
            load(found[0].getProtocol().equals("file") ? file(found[0]) : Loader.cacheResource(found[0]), hasNatives);
        } catch (MalformedURLException e) {
            throw failure(fileName(name) + " cannot be extracted: " + e.getMessage(), OTHER_URL, e);
        } catch (IOException e) {
            throw failure(fileName(name) + " cannot be extracted: " + e, SET_CACHE, e);
        } catch (UnsatisfiedLinkError e) {
            throw failure(fileName(name) + " does not load: " + e.getMessage(), CHECK_SYSTEM, e);
        } catch (IllegalCallerException e) {
            throw failure(fileName(name) + " may not be loaded: " + e.getMessage(), ENABLE_ACCESS, e);
        }
    }

    /** Of a URL that may, as {@code File.toURL()}, hold what a URI must not. */
    private static File file(URL url) {
        try {
            return new File(url.toURI());
        } catch (URISyntaxException | IllegalArgumentException e) {
            return new File(url.getPath());
        }
    }

    /** JavaCPP puts an @ before the version. */
    private static String fileName(String name) {
        int version = name.indexOf('@');
        return version < 0
                ? System.mapLibraryName(name)
                : System.mapLibraryName(name.substring(0, version)) + name.substring(version + 1);
    }

    /**
     * A JVM gives a file to one class loader. What another one has loaded is in the process, for libraries that need it;
     * native methods take a file of their own, which may go once it is loaded.
     */
    private static void load(File file, boolean hasNatives) throws IOException {
        try {
            System.load(file.getPath());
        } catch (UnsatisfiedLinkError e) {
            if (!String.valueOf(e.getMessage()).contains("already loaded in another classloader")) {
                throw e;
            }
            if (hasNatives) {
                Path directory = file.toPath().getParent();
                Path copy = Files.isWritable(directory)
                        ? Files.createTempFile(directory, "", file.getName())
                        : Files.createTempFile("", file.getName());
                try {
                    Files.copy(file.toPath(), copy, StandardCopyOption.REPLACE_EXISTING);
                    System.load(copy.toString());
                } finally {
                    Files.delete(copy);
                }
            }
        }
    }

    private static UnsatisfiedLinkError failure(String problem, String remedy, Throwable cause) {
        UnsatisfiedLinkError error = new UnsatisfiedLinkError(
                "jniconv4j cannot be loaded on " + Loader.getPlatform() + ": " + problem + "; " + remedy);
        error.initCause(cause);
        return error;
    }
}
