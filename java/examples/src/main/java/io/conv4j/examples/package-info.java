/** Programs that show what the library is for. */
package io.conv4j.examples;
