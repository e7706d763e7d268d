/**
 * Convolution as mathematics has it, and cross-correlation, of plain arrays (the chapter's section 1).
 *
 * <p>Positions count from 0. With a signal f of n elements and a kernel g of k elements, for all t and with elements
 * outside the arrays counting as 0:
 *
 * <ul>
 *   <li>convolution: (f * g)(t) = sum over &tau; of f(&tau;) g(t - &tau;)
 *   <li>cross-correlation: (f &#x22C6; g)(t) = sum over &tau; of f(t + &tau;) g(&tau;)
 * </ul>
 *
 * In two dimensions both run over rows and columns alike. {@link io.conv4j.signal.Mode} says for which t the result is
 * given.
 */
package io.conv4j.signal;
