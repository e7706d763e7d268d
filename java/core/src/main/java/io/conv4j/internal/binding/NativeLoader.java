package io.conv4j.internal.binding;

import java.io.IOException;
import java.net.URL;
import java.util.ArrayList;
import java.util.List;
import org.bytedeco.javacpp.ClassProperties;
import org.bytedeco.javacpp.Loader;

/** Loads libjniconv4j and what it links to; a failure is thrown to the caller, and the next call tries again. */
public final class NativeLoader {
    private static volatile boolean loaded;

    private NativeLoader() {}

    /** Loads the library, once; the error names the library, the platform and the remedy. */
    public static void ensureLoaded() {
        if (!loaded) {
            load();
        }
    }

    // JavaCPP finds and extracts, but Loader.load() stays out of it: it remembers a search that found nothing, and its
    // second call then returns without an error and without a library.
    private static synchronized void load() {
        if (loaded) {
            return;
        }
        ClassProperties properties = Loader.loadProperties(NativeLibrary.class, Loader.loadProperties(), false);
        List<String> names = new ArrayList<>(properties.get("platform.preload"));
        names.addAll(properties.get("platform.link"));
        names.addAll(properties.get("platform.library"));
        for (String name : names) {
            load(name, Loader.findLibrary(NativeLibrary.class, properties, name));
        }
        loaded = true;
    }

    private static void load(String name, URL[] found) {
        if (found.length == 0) {
            throw failure(name + " was not found", "add the native jars", null);
        }
        try {
            System.load(Loader.cacheResource(found[0]).getPath());
        } catch (IOException e) {
            throw failure(name, "set the system property", e);
        }
    }

    private static UnsatisfiedLinkError failure(String problem, String remedy, Throwable cause) {
        UnsatisfiedLinkError error = new UnsatisfiedLinkError(
                "jniconv4j cannot be loaded on " + Loader.getPlatform() + ": " + problem + "; " + remedy);
        error.initCause(cause);
        return error;
    }
}
