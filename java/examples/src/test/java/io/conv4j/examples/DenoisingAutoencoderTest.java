package io.conv4j.examples;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.zip.GZIPOutputStream;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DenoisingAutoencoderTest {
    private static final String NUMBER = "\\d+\\.\\d+";

    @TempDir
    private Path folder;

    @Test
    void aShortTrainingBeatsTheBestBlur() throws IOException {
        List<String> lines = run(0, "--images", "2000", "--epochs", "4");
        String last = lines.get(lines.size() - 1);
        assertTrue(
                last.matches(
                        "held-out mse: reconstruction " + NUMBER + ", noisy input " + NUMBER + ", ratio " + NUMBER),
                last);
        String blur = lines.stream()
                .filter(line -> line.startsWith("best Gaussian blur"))
                .findFirst()
                .orElseThrow();
        assertTrue(ratio(last) < ratio(blur), last + "; " + blur);
        for (String picture : new String[] {"reconstructions.png", "kernels.png"}) {
            assertTrue(ImageIO.read(folder.resolve(picture).toFile()).getWidth() > 100, picture);
        }
    }

    @Test
    void theSameSeedGivesTheSameNumbers() throws IOException {
        String[] arguments = {"--images", "100", "--epochs", "2", "--threads", "1", "--seed", "5"};
        List<String> first = run(0, arguments);
        List<String> second = run(0, arguments);
        assertEquals(first.get(first.size() - 1), second.get(second.size() - 1));
    }

    @Test
    void itTrainsOnAnIdxFile() throws IOException {
        write(folder.resolve("t10k-images-idx3-ubyte"), 20, Images.SIDE, 20 * Images.PIXELS);
        write(folder.resolve("train-images-idx3-ubyte.gz"), 30, Images.SIDE, 30 * Images.PIXELS);
        List<String> lines = run(0, "--data", folder.toString(), "--epochs", "1", "--batch", "7");
        assertTrue(lines.get(0).matches("30 images of .*train-images-idx3-ubyte.gz"), lines.get(0));
    }

    @Test
    void aFolderWithoutImagesIsRefused() throws IOException {
        assertTrue(errorOf("--data", folder.toString()).contains("has no file *images-idx3-ubyte"));
        assertTrue(errorOf("--data", folder.resolve("missing").toString()).contains("is no directory"));
    }

    @Test
    void filesThatHoldNoSuchImagesAreRefused() throws IOException {
        Path file = folder.resolve("images-idx3-ubyte");
        write(file, 20, 32, 20 * 32 * 32);
        assertTrue(errorOf("--data", folder.toString())
                .contains("expected images of 28 x 28 pixels but got 20 of 32 x 32"));
        write(file, 20, Images.SIDE, 19 * Images.PIXELS);
        assertTrue(errorOf("--data", folder.toString()).contains("the file ends before its images do"));
        write(file, 9, Images.SIDE, 9 * Images.PIXELS);
        assertTrue(errorOf("--data", folder.toString()).contains("expected at least 10 images but got 9"));
        Files.write(file, new byte[100]);
        assertTrue(errorOf("--data", folder.toString()).contains("begins with 0x00000803, but got 0x00000000"));
    }

    @Test
    void optionsOutOfRangeAreRefused() throws IOException {
        assertTrue(errorOf("--epochs", "0").contains("--epochs: expected 1 to 10000 but got 0"));
        assertTrue(errorOf("--images", "9").contains("--images: expected 10 to 1000000 but got 9"));
        assertTrue(errorOf("--threads", "1025").contains("--threads: expected 1 to 1024 but got 1025"));
        assertTrue(errorOf("--batch", "-1").contains("--batch: expected 1 to 10000 but got -1"));
    }

    private static double ratio(String line) {
        return Double.parseDouble(line.substring(line.lastIndexOf(' ') + 1));
    }

    /** Grey images, every pixel with another value than its neighbours. */
    private static void write(Path file, int count, int side, int bytes) throws IOException {
        OutputStream out = Files.newOutputStream(file);
        try (DataOutputStream data =
                new DataOutputStream(file.toString().endsWith(".gz") ? new GZIPOutputStream(out) : out)) {
            data.writeInt(0x0803);
            data.writeInt(count);
            data.writeInt(side);
            data.writeInt(side);
            for (int i = 0; i < bytes; i++) {
                data.writeByte(i);
            }
        }
    }

    private List<String> run(int expectedExit, String... arguments) {
        String[] all = new String[arguments.length + 2];
        System.arraycopy(arguments, 0, all, 0, arguments.length);
        all[arguments.length] = "--output";
        all[arguments.length + 1] = folder.toString();
        PrintStream terminal = System.out;
        ByteArrayOutputStream printed = new ByteArrayOutputStream();
        System.setOut(new PrintStream(printed, true));
        try {
            assertEquals(expectedExit, DenoisingAutoencoder.run(all));
        } finally {
            System.setOut(terminal);
        }
        return printed.toString().lines().toList();
    }

    private String errorOf(String... arguments) {
        PrintStream terminal = System.err;
        ByteArrayOutputStream printed = new ByteArrayOutputStream();
        System.setErr(new PrintStream(printed, true));
        try {
            run(2, arguments);
        } finally {
            System.setErr(terminal);
        }
        return printed.toString();
    }
}
