/* SPDX-License-Identifier: Apache-2.0 */
/* The program that carries every object of the hypervisor for the coverage report; it is never run. */
int main(void)
{
    return 0;
}
