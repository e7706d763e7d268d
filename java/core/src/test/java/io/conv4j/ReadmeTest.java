package io.conv4j;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.lang.reflect.Method;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.spi.ToolProvider;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ReadmeTest {
    private static final int OUTPUT = 112;

    @TempDir
    private Path folder;

    @Test
    void theOpeningExampleCompilesAndRuns() throws ReflectiveOperationException, IOException {
        compile(firstJavaBlock(Files.readString(Path.of("../../README.md"))));
        float[] pixels = ones(8 * 3 * 224 * 224);
        float[] kernel = ones(64 * 3 * 3 * 3);
        float[] bias = ones(64);
        float[] gradient = ones(8 * 64 * OUTPUT * OUTPUT);
        float[] result;
        try (URLClassLoader loader =
                new URLClassLoader(new URL[] {folder.toUri().toURL()})) {
            Class<?> example = loader.loadClass("Example");
            Method run = example.getDeclaredMethod("run", float[].class, float[].class, float[].class, float[].class);
            run.setAccessible(true);
            result = (float[]) run.invoke(null, pixels, kernel, bias, gradient);
        }

        assertEquals(8 * 64 * OUTPUT * OUTPUT, result.length);
        for (int i = 0; i < result.length; i++) {
            boolean onTop = i / OUTPUT % OUTPUT == 0;
            boolean onLeft = i % OUTPUT == 0;
            int terms = 3 * (onTop ? 2 : 3) * (onLeft ? 2 : 3);
            assertEquals(terms + 1, result[i]);
        }
    }

    private void compile(String code) throws IOException {
        Path source = folder.resolve("Example.java");
        Files.writeString(source, code);
        String classPath = System.getProperty("java.class.path");
        StringWriter messages = new StringWriter();
        PrintWriter out = new PrintWriter(messages, true);
        int status = ToolProvider.findFirst("javac")
                .orElseThrow()
                .run(out, out, "-cp", classPath, "-d", folder.toString(), source.toString());
        assertEquals(0, status, messages.toString());
    }

    private static String firstJavaBlock(String markdown) {
        Matcher block = Pattern.compile("^```java\n(.*?)^```", Pattern.MULTILINE | Pattern.DOTALL)
                .matcher(markdown);
        assertTrue(block.find(), "expected a block of Java in README.md");
        return block.group(1);
    }

    private static float[] ones(int count) {
        float[] ones = new float[count];
        Arrays.fill(ones, 1);
        return ones;
    }
}
