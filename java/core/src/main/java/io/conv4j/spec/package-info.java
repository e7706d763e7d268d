/**
 * What a convolution is, as pure values: shapes, axes, padding, sharing, and the geometry they add up to. Nothing here
 * touches native code.
 *
 * <p>The symbols of the formulas, in this library's words, in oneDNN's and in the chapter's (its equations 9.7 to 9.13):
 *
 * <table class="striped">
 * <caption>Symbols</caption>
 * <thead><tr><th>symbol</th><th>meaning</th><th>the chapter</th></tr></thead>
 * <tbody>
 * <tr><td>n</td><td>batch: images computed together</td><td>(one image)</td></tr>
 * <tr><td>ic, oc</td><td>input and output channels</td><td>i, l</td></tr>
 * <tr><td>g</td><td>groups: output channels see ic / g input channels</td><td></td></tr>
 * <tr><td>id, ih, iw</td><td>source depth, height and width</td><td>m, n</td></tr>
 * <tr><td>od, oh, ow</td><td>output depth, height and width (9.8)</td><td>range of x, y</td></tr>
 * <tr><td>kd, kh, kw</td><td>kernel depth, height and width</td><td>j, k</td></tr>
 * <tr><td>sd, sh, sw</td><td>stride (9.8)</td><td>s</td></tr>
 * <tr><td>dd, dh, dw</td><td>dilation, 1 means none</td><td></td></tr>
 * <tr><td>pf, pt, pl</td><td>padding at the beginning: front, top, left</td><td>section 4</td></tr>
 * <tr><td>pk, pb, pr</td><td>padding at the end: back, bottom, right</td><td>section 4</td></tr>
 * <tr><td>t</td><td>period of a tiled convolution (9.10)</td><td>t</td></tr>
 * </tbody>
 * </table>
 *
 * <p>The chapter counts positions from 1 and this library from 0, so that its x is x + 1 there.
 */
package io.conv4j.spec;
