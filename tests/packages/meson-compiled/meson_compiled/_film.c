#include <Python.h>

static PyObject *thickness(PyObject *self, PyObject *unused) {
    return PyLong_FromLong(250);
}

static PyMethodDef methods[] = {
    {"thickness", thickness, METH_NOARGS, "The thickness of the film, in nanometres."},
    {NULL, NULL, 0, NULL},
};

static struct PyModuleDef module = {PyModuleDef_HEAD_INIT, "_film", NULL, 0, methods};

PyMODINIT_FUNC PyInit__film(void) { return PyModule_Create(&module); }
