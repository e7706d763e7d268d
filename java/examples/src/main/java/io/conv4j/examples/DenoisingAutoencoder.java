package io.conv4j.examples;

import io.conv4j.plan.PlanOptions;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** Trains a convolutional encoder-decoder that takes noise out of small images, and shows how well it does. */
@Command(
        name = "ci/demo",
        sortOptions = false,
        showDefaultValues = true,
        description = "Trains a convolutional encoder-decoder to take noise out of 28x28 images.")
public final class DenoisingAutoencoder implements Callable<Integer> {
    private static final int LEAST_IMAGES = 10;
    private static final int MOST_IMAGES = 1_000_000;

    @Option(
            names = "--data",
            paramLabel = "DIR",
            description = "Folder with an IDX file of images, MNIST or a relative, plain or .gz;"
                    + " without it the program draws shapes itself.")
    private Path data;

    @Option(names = "--images", paramLabel = "N", description = "Images to use; the last tenth of them is held out.")
    private int count = 10_000;

    @Option(names = "--epochs", paramLabel = "N", description = "Times that training goes over its images.")
    private int epochs = 30;

    @Option(names = "--batch", paramLabel = "N", description = "Images per step of the optimizer.")
    private int batch = 32;

    @Option(names = "--seed", paramLabel = "N", description = "Where all random numbers begin.")
    private long seed = 1;

    // Two take 33 s where one takes 36: passes of a network this small are over before they are shared out. On a busy
    // machine, where one of them waits for the other, two took minutes.
    @Option(names = "--threads", paramLabel = "N", description = "Threads of every pass.")
    private int threads = 1;

    @Option(names = "--output", paramLabel = "DIR", description = "Folder for the pictures.")
    private Path output = Path.of("target", "demo");

    @Option(names = "--help", usageHelp = true, description = "Shows this text.")
    private boolean help;

    @Spec
    private CommandSpec command;

    private DenoisingAutoencoder() {}

    /**
     * Runs the demo and exits.
     *
     * @param arguments see {@code --help}
     */
    public static void main(String[] arguments) {
        System.setProperty("java.awt.headless", "true");
        System.exit(run(arguments));
    }

    static int run(String... arguments) {
        return new CommandLine(new DenoisingAutoencoder()).execute(arguments);
    }

    @Override
    public Integer call() throws IOException {
        check("--images", count, LEAST_IMAGES, MOST_IMAGES);
        check("--epochs", epochs, 1, 10_000);
        check("--batch", batch, 1, 10_000);
        check("--threads", threads, 1, 1024);
        createOutput();
        SplittableRandom random = new SplittableRandom(seed);
        Images images = load(random.split());
        int trained = images.count() - images.count() / 10;
        Images learned = images.range(0, trained);
        Images heldOut = images.range(trained, images.count());
        Images noisy = heldOut.withNoise(Training.NOISE, random.split());
        double noise = noisy.meanSquaredError(heldOut);

        GaussianBlur blur = GaussianBlur.best(
                noisy, heldOut, PlanOptions.builder().threads(threads).build());
        print(
                "best Gaussian blur, sigma %.2f: mse %.5f, ratio %.3f",
                blur.sigma(), blur.meanSquaredError(), blur.meanSquaredError() / noise);
        print("training on %d images: epochs %d, batch %d, threads %d", trained, epochs, batch, threads);
        try (Network network = new Network(batch, threads, random.split())) {
            Training training = new Training(network, batch);
            training.run(learned, heldOut, noisy, epochs, random.split());
            Images reconstruction = training.reconstruct(noisy);
            savePictures(noisy, reconstruction, heldOut, network, training);
            double left = reconstruction.meanSquaredError(heldOut);
            print("held-out mse: reconstruction %.5f, noisy input %.5f, ratio %.3f", left, noise, left / noise);
        }
        return 0;
    }

    private void check(String option, int value, int least, int most) {
        if (value < least || value > most) {
            throw new ParameterException(
                    command.commandLine(), option + ": expected " + least + " to " + most + " but got " + value);
        }
    }

    private void createOutput() {
        try {
            Files.createDirectories(output);
        } catch (IOException e) {
            throw new ParameterException(command.commandLine(), "--output: " + output + " cannot be created: " + e, e);
        }
    }

    private Images load(SplittableRandom random) {
        if (data == null) {
            print("drawing %d images of shapes", count);
            return Shapes.draw(count, random);
        }
        try {
            Path file = IdxFiles.find(data);
            Images images = IdxFiles.read(file, count);
            print("%d images of %s", images.count(), file);
            if (images.count() < LEAST_IMAGES) {
                throw new IOException(
                        file + ": expected at least " + LEAST_IMAGES + " images but got " + images.count());
            }
            return images;
        } catch (IOException e) {
            throw new ParameterException(command.commandLine(), "--data: " + e.getMessage(), e);
        }
    }

    private void savePictures(Images noisy, Images reconstruction, Images original, Network network, Training training)
            throws IOException {
        Map<String, Images> kinds = new LinkedHashMap<>();
        kinds.put("noisy", noisy);
        kinds.put("reconstruction", reconstruction);
        kinds.put("original", original);
        Map<String, List<Double>> curves = new LinkedHashMap<>();
        curves.put("training", training.trainingErrors());
        curves.put("held out", training.heldOutErrors());

        Pictures.saveRows(named("reconstructions.png"), kinds, Math.min(10, noisy.count()));
        Pictures.saveKernels(named("kernels.png"), network.firstKernels(), 3);
        if (Pictures.HAS_FONTS) {
            Pictures.saveCurves(named("loss.png"), curves);
        } else {
            print("there are no fonts here: the pictures have no labels, and the curve of the loss is left out");
        }
    }

    private Path named(String name) {
        Path file = output.resolve(name);
        print("%s", file);
        return file;
    }

    private static void print(String format, Object... values) {
        System.out.println(String.format(Locale.ROOT, format, values));
    }
}
