package io.conv4j.examples;

import java.io.BufferedInputStream;
import java.io.DataInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import java.util.zip.GZIPInputStream;

/** Images of MNIST and its relatives: IDX files, plain or packed with gzip. */
final class IdxFiles {
    private static final Pattern IMAGES = Pattern.compile(".*images[-.]idx3-ubyte(\\.gz)?");
    private static final int UNSIGNED_BYTES_OF_RANK_3 = 0x0803;

    private IdxFiles() {}

    /**
     * The file of images in a folder: that of the training set if there are several.
     *
     * @throws IOException if there is none
     */
    static Path find(Path folder) throws IOException {
        if (!Files.isDirectory(folder)) {
            throw new IOException(folder + " is no directory");
        }
        try (Stream<Path> files = Files.list(folder)) {
            return files.filter(file ->
                            IMAGES.matcher(file.getFileName().toString()).matches())
                    .min(Comparator.comparing((Path file) ->
                                    !file.getFileName().toString().contains("train"))
                            .thenComparing(Comparator.naturalOrder()))
                    .orElseThrow(
                            () -> new IOException(folder + " has no file *images-idx3-ubyte or *images-idx3-ubyte.gz"));
        }
    }

    /**
     * Reads images from the beginning of a file.
     *
     * @param limit how many at most
     * @throws IOException if it is no file of 28 x 28 images of bytes, or ends too early
     */
    static Images read(Path file, int limit) throws IOException {
        try (InputStream bytes = Files.newInputStream(file);
                DataInputStream in = new DataInputStream(unpacked(file, bytes))) {
            int magic = in.readInt();
            if (magic != UNSIGNED_BYTES_OF_RANK_3) {
                throw new IOException(String.format(
                        "%s: expected an IDX file of images, which begins with 0x%08x, but got 0x%08x",
                        file, UNSIGNED_BYTES_OF_RANK_3, magic));
            }
            int count = in.readInt();
            int height = in.readInt();
            int width = in.readInt();
            if (count < 0 || height != Images.SIDE || width != Images.SIDE) {
                throw new IOException(file + ": expected images of " + Images.SIDE + " x " + Images.SIDE
                        + " pixels but got " + count + " of " + height + " x " + width);
            }
            float[] pixels = new float[Math.min(count, limit) * Images.PIXELS];
            byte[] image = new byte[Images.PIXELS];
            for (int i = 0; i < pixels.length; i++) {
                if (i % Images.PIXELS == 0) {
                    in.readFully(image);
                }
                pixels[i] = (image[i % Images.PIXELS] & 0xff) / 255f;
            }
            return new Images(pixels);
        } catch (EOFException e) {
            throw new IOException(file + ": the file ends before its images do", e);
        }
    }

    private static InputStream unpacked(Path file, InputStream bytes) throws IOException {
        return file.toString().endsWith(".gz") ? new GZIPInputStream(bytes, 1 << 16) : new BufferedInputStream(bytes);
    }
}
