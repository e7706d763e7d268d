package io.conv4j.examples;

import java.awt.BasicStroke;
import java.awt.Color;
import java.awt.Graphics2D;
import java.awt.RenderingHints;
import java.awt.Shape;
import java.awt.geom.AffineTransform;
import java.awt.geom.Arc2D;
import java.awt.geom.Ellipse2D;
import java.awt.geom.Path2D;
import java.awt.geom.Rectangle2D;
import java.awt.image.BufferedImage;
import java.util.random.RandomGenerator;

/**
 * Draws white shapes on black: strokes, rings, boxes, polygons, and digits as a hand would write them; turned, stretched
 * and of any width.
 */
final class Shapes {
    /** Digits 0 to 9 as polylines in a box from (-1, -1) to (1, 1), y downwards; a curve is drawn through their points. */
    private static final double[][] DIGITS = {
        {0, -1, -.6, -.5, -.6, .5, 0, 1, .6, .5, .6, -.5, 0, -1},
        {-.4, -.6, 0, -1, 0, 0, 0, 1},
        {-.6, -.5, 0, -1, .6, -.5, 0, .3, -.6, 1, 0, 1, .6, 1},
        {-.5, -.9, .4, -.9, .4, -.2, -.1, -.05, .5, .3, .3, .9, -.5, .9},
        {.3, 1, .3, 0, .3, -1, -.2, -.4, -.6, .3, 0, .3, .6, .3},
        {.5, -1, 0, -1, -.5, -1, -.5, -.2, .3, -.2, .5, .5, 0, 1, -.5, .8},
        {.4, -1, -.3, -.4, -.5, .4, 0, 1, .5, .5, .1, 0, -.4, .3},
        {-.6, -1, 0, -1, .6, -1, .2, 0, -.2, 1},
        {0, 0, -.5, -.5, 0, -1, .5, -.5, 0, 0, -.5, .5, 0, 1, .5, .5, 0, 0},
        {.4, -.4, 0, 0, -.4, -.5, 0, -1, .4, -.5, .4, .3, .2, 1}
    };

    private final RandomGenerator random;
    private final BufferedImage canvas = new BufferedImage(Images.SIDE, Images.SIDE, BufferedImage.TYPE_INT_RGB);
    private final Graphics2D graphics = canvas.createGraphics();

    private Shapes(RandomGenerator random) {
        this.random = random;
        graphics.setRenderingHint(RenderingHints.KEY_ANTIALIASING, RenderingHints.VALUE_ANTIALIAS_ON);
        graphics.setRenderingHint(RenderingHints.KEY_STROKE_CONTROL, RenderingHints.VALUE_STROKE_PURE);
    }

    /** So many images, the same for the same random numbers. */
    static Images draw(int count, RandomGenerator random) {
        Shapes shapes = new Shapes(random);
        float[] pixels = new float[count * Images.PIXELS];
        for (int i = 0; i < count; i++) {
            shapes.drawOne();
            shapes.copyTo(pixels, i * Images.PIXELS);
        }
        shapes.graphics.dispose();
        return new Images(pixels);
    }

    private void drawOne() {
        graphics.setTransform(new AffineTransform());
        graphics.setColor(Color.BLACK);
        graphics.fillRect(0, 0, Images.SIDE, Images.SIDE);
        graphics.setColor(Color.WHITE);
        graphics.setStroke(new BasicStroke((float) between(1.5, 3.5), BasicStroke.CAP_ROUND, BasicStroke.JOIN_ROUND));
        int kind = random.nextInt(8);
        Shape shape = placed(
                switch (kind) {
                    case 0 -> stroke();
                    case 1 -> new Ellipse2D.Double(-1, -1, 2, 2);
                    case 2 -> new Rectangle2D.Double(-.8, -.8, 1.6, 1.6);
                    case 3 -> polygon();
                    case 4 -> new Arc2D.Double(-1, -1, 2, 2, 0, between(120, 300), Arc2D.OPEN);
                    default -> curve(DIGITS[random.nextInt(DIGITS.length)], 0.12);
                },
                kind < 5 ? Math.PI : 0.3);
        boolean filled = (kind == 2 || kind == 3) && random.nextInt(3) == 0;
        if (filled) {
            graphics.fill(shape);
        } else {
            graphics.draw(shape);
        }
    }

    private Shape stroke() {
        double[] points = new double[2 * (2 + random.nextInt(4))];
        for (int i = 0; i < points.length; i++) {
            points[i] = between(-1, 1);
        }
        return curve(points, 0);
    }

    private Shape polygon() {
        Path2D path = new Path2D.Double();
        int corners = 3 + random.nextInt(4);
        for (int i = 0; i < corners; i++) {
            double angle = 2 * Math.PI * i / corners;
            double radius = between(0.7, 1);
            add(path, radius * Math.cos(angle), radius * Math.sin(angle));
        }
        path.closePath();
        return path;
    }

    private static void add(Path2D path, double x, double y) {
        if (path.getCurrentPoint() == null) {
            path.moveTo(x, y);
        } else {
            path.lineTo(x, y);
        }
    }

    /** A smooth curve (Catmull-Rom) through points x, y, x, y, ..., each moved at random by so much at most. */
    private Shape curve(double[] points, double jitter) {
        int count = points.length / 2;
        double[] x = new double[count];
        double[] y = new double[count];
        for (int i = 0; i < count; i++) {
            x[i] = points[2 * i] + between(-jitter, jitter);
            y[i] = points[2 * i + 1] + between(-jitter, jitter);
        }
        Path2D path = new Path2D.Double();
        path.moveTo(x[0], y[0]);
        for (int i = 0; i + 1 < count; i++) {
            int before = Math.max(i - 1, 0);
            int after = Math.min(i + 2, count - 1);
            path.curveTo(
                    x[i] + (x[i + 1] - x[before]) / 6,
                    y[i] + (y[i + 1] - y[before]) / 6,
                    x[i + 1] - (x[after] - x[i]) / 6,
                    y[i + 1] - (y[after] - y[i]) / 6,
                    x[i + 1],
                    y[i + 1]);
        }
        return path;
    }

    /** Turned by so much at most, stretched, and somewhere near the middle. */
    private Shape placed(Shape shape, double mostTurn) {
        double middle = Images.SIDE / 2.0;
        AffineTransform transform = new AffineTransform();
        transform.translate(middle + between(-2, 2), middle + between(-2, 2));
        transform.rotate(between(-mostTurn, mostTurn));
        transform.scale(between(5, 10), between(5, 10));
        return transform.createTransformedShape(shape);
    }

    private double between(double low, double high) {
        return low + (high - low) * random.nextDouble();
    }

    private void copyTo(float[] pixels, int offset) {
        for (int y = 0; y < Images.SIDE; y++) {
            for (int x = 0; x < Images.SIDE; x++) {
                pixels[offset + y * Images.SIDE + x] = (canvas.getRGB(x, y) & 0xff) / 255f;
            }
        }
    }
}
